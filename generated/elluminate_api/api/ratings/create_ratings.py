"""Rate one response now."""

from __future__ import annotations

from urllib.parse import quote

from ...models.create_rating_request import CreateRatingRequest
from ...models.rating import Rating
from ...types import Operation, Request

OPERATION: Operation[list[Rating]] = Operation(
    id="create_ratings",
    method="POST",
    path="/projects/{project_id}/ratings",
    status=201,
    success=list[Rating],
)


def build(
    project_id: int,
    *,
    body: CreateRatingRequest,
) -> Request[list[Rating]]:
    """Rate one response now."""
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/ratings",
        body=body,
    )
