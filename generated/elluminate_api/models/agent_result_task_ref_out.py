from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class AgentResultTaskRefOut:
    """Task that an upload may name.

    Attributes:
        task_id: Id of the row.
        task_name: Name of the task.
    """

    task_id: int
    task_name: str

    __repr__ = one_line
