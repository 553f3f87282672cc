from __future__ import annotations

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset

from ..models.task_status import TaskStatus
from ..types import one_line


@define(kw_only=True, repr=False)
class ExperimentGenerationStatus:
    """State of a generation or evaluation task, as poll and as stream event.

    Attributes:
        status: State of the task.
        error_msg: Why the task failed. Null unless it did.
        completed_responses: Number of responses so far, failed ones included. Null or absent when the progress is not
            known.
        completed_ratings: Number of responses whose rating is over so far, whether or not every verdict could be
            given. A number whenever completed_responses is one.
        failed_responses: Number of those responses that have no answer.
        unjudged_responses: Number of those responses that have an answer, and lack a verdict that could not be given.
        total_responses: Number of responses in the end. A number whenever completed_responses is one.
        epochs: The same counts per epoch, in order. Absent when the server does not tell.
        logs_delta: Log lines since log_cursor, or since the last poll with the same connection_uuid, or since
            the last event of the stream.
        log_cursor: Where the log stands after logs_delta; send it with the next poll. Absent when the server
            does not offer it.
        generation_task_id: Id of the experiment's current task. Null means that none is running; absent, that the
            server does not tell. The first answer to a connection_uuid names a task that is over
            already, since existing clients take null there for a task of another experiment.
        has_internal_error: Whether the experiment's last task ended by a fault. Read together with generation_task_id.
    """

    status: TaskStatus
    error_msg: str | None = None
    completed_responses: int | None = None
    completed_ratings: int | None = None
    failed_responses: int | None = None
    unjudged_responses: int | None = None
    total_responses: int | None = None
    epochs: list[EpochProgress] | None = None
    logs_delta: str | None = None
    log_cursor: int | None = None
    generation_task_id: str | None | Unset = UNSET
    has_internal_error: bool | Unset = UNSET

    __repr__ = one_line


from ..models.epoch_progress import EpochProgress  # noqa: E402
