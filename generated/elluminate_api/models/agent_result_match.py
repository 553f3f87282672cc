from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class AgentResultMatch:
    """Task of one trial, or why there is none.

    Attributes:
        index: Position of the trial in the request, counted from 0.
        task_id: Id of the row. Null when there is none.
        task_name: Name of the task. Null when there is none.
        reason: Why there is no task. Null means that there is one.
    """

    index: int
    task_id: int | None = None
    task_name: str | None = None
    reason: str | None = None

    __repr__ = one_line
