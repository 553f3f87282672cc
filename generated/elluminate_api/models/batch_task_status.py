from __future__ import annotations

from attrs import define

from ..models.task_status import TaskStatus


@define(kw_only=True)
class BatchTaskStatus:
    """State of a response batch or a rating batch, as poll and as stream event.

    Attributes:
        status: State of the task.
        error_msg: Why the task failed. Null unless it did.
    """

    status: TaskStatus
    error_msg: str | None = None
