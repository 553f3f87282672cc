"""Poll a rating batch."""

from __future__ import annotations

from urllib.parse import quote

from ...models.batch_task_status import BatchTaskStatus
from ...types import Operation, Request

OPERATION: Operation[BatchTaskStatus] = Operation(
    id="get_ratings_batch_status",
    method="GET",
    path="/projects/{project_id}/ratings/batches/{task_id}",
    status=200,
    success=BatchTaskStatus,
    repeatable=True,
)


def build(
    project_id: int,
    task_id: str,
) -> Request[BatchTaskStatus]:
    """Poll a rating batch.

    Three seconds between two polls are usual. There are no progress numbers.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/ratings/batches/{quote(str(task_id), safe='')}",
    )
