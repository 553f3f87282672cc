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
    """Rate one response now.

    Judges the response by every criterion of the experiment's criterion set, and waits for the judge.
    Earlier ratings of the response are replaced. A criterion that could not be judged is left out.
    422 when there are no criteria, or when the response is a failed one without an answer to judge.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/ratings",
        body=body,
    )
