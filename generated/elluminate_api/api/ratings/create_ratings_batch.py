"""Rate many responses."""

from __future__ import annotations

from urllib.parse import quote

from ...models.batch_create_rating_request import BatchCreateRatingRequest
from ...types import Operation, Request

OPERATION: Operation[str | None] = Operation(
    id="create_ratings_batch",
    method="POST",
    path="/projects/{project_id}/ratings/batches",
    status=201,
    success=str | None,
)


def build(
    project_id: int,
    *,
    body: BatchCreateRatingRequest,
) -> Request[str | None]:
    """Rate many responses.

    Judges each response as a single rating would, in one background task. The answer names the task;
    it is null when the list is empty. 404 names a response that does not exist, before anything
    starts.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/ratings/batches",
        body=body,
    )
