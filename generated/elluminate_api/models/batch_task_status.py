from __future__ import annotations

from attrs import define

from ..models.task_status import TaskStatus


@define(kw_only=True)
class BatchTaskStatus:
    """Poll answer and stream event of a response or rating batch.

    Attributes:
        status: State of a background task. Streaming and agent-evaluation waits end on SUCCESS, FAILURE,
            REVOKED, REJECTED or TIMEOUT; the other polling loops end only on SUCCESS or FAILURE.
    """

    status: TaskStatus
    error_msg: str | None = None
