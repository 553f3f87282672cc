from __future__ import annotations

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset

from ..models.task_status import TaskStatus


@define(kw_only=True)
class ExperimentGenerationStatus:
    """Poll answer and stream event of a generation or evaluation task.

    Attributes:
        status: State of a background task. Streaming and agent-evaluation waits end on SUCCESS, FAILURE,
            REVOKED, REJECTED or TIMEOUT; the other polling loops end only on SUCCESS or FAILURE.
        completed_responses: null or absent means no progress information.
        completed_ratings: Must be an integer in stream events whenever completed_responses is.
        total_responses: Must be an integer in stream events whenever completed_responses is.
        logs_delta: Log lines added since the last poll with the same connection_uuid, or since the last event
            of this stream.
        generation_task_id: The experiment's current task. Absent is different from null: absent means an old server
            without hand-off information, null means the task slot is free.
        has_internal_error: The experiment's error flag, read together with generation_task_id.
    """

    status: TaskStatus
    error_msg: str | None = None
    completed_responses: int | None = None
    completed_ratings: int | None = None
    total_responses: int | None = None
    logs_delta: str | None = None
    generation_task_id: str | None | Unset = UNSET
    has_internal_error: bool | Unset = UNSET
