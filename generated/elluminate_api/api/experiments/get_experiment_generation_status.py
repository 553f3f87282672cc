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
) -> Request[ExperimentGenerationStatus]:
    """Poll a generation or evaluation task.

    Polled every 3 s by default. An unknown task id reads as PENDING rather than 404.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments/{quote(str(experiment_id), safe='')}/generation/{quote(str(task_id), safe='')}",
        query=encode_query(
            {
                "connection_uuid": connection_uuid,
            }
        ),
    )
