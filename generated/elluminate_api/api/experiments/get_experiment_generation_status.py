"""Poll a generation or evaluation task."""

from __future__ import annotations

from urllib.parse import quote

from ...models.experiment_generation_status import ExperimentGenerationStatus
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[ExperimentGenerationStatus] = Operation(
    id="get_experiment_generation_status",
    method="GET",
    path="/projects/{project_id}/experiments/{experiment_id}/generation/{task_id}",
    status=200,
    success=ExperimentGenerationStatus,
    repeatable=True,
)


def build(
    project_id: int,
    experiment_id: int,
    task_id: str,
    *,
    connection_uuid: str | None | Unset = UNSET,
    log_cursor: int | None | Unset = UNSET,
    wait: float | None | Unset = UNSET,
) -> Request[ExperimentGenerationStatus]:
    """Poll a generation or evaluation task.

    Three seconds between two polls are usual. A task id that is not known reads as PENDING, never as
    404, because a task can be asked for before it is stored.

    `generation_task_id` names the experiment's current task. Null: that task is over, with an error
    when `has_internal_error` is true. Another id: the work went over to that task, follow it; a task
    that was superseded can report SUCCESS without having rated anything. Null for a task id that was
    never confirmed: it is not a task of this experiment.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments/{quote(str(experiment_id), safe='')}/generation/{quote(str(task_id), safe='')}",
        query=encode_query(
            {
                "connection_uuid": connection_uuid,
                "log_cursor": log_cursor,
                "wait": wait,
            }
        ),
    )
