from __future__ import annotations

from attrs import define


@define(kw_only=True)
class AgentResultTaskRefOut:
    """Task that an upload may name.

    Attributes:
        task_id: Id of the row.
        task_name: Name of the task.
    """

    task_id: int
    task_name: str
