from __future__ import annotations

from attrs import define

from ..models.task_status import TaskStatus
from ..types import one_line


@define(kw_only=True, repr=False)
class BatchTaskStatus:
    """State of a response batch or a rating batch, as poll and as stream event.

    Attributes:
        status: State of the task.
        error_msg: Why the task failed. Null unless it did.
    """

    status: TaskStatus
    error_msg: str | None = None

    __repr__ = one_line
