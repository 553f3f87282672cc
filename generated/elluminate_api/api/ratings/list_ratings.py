"""List the ratings of a response."""

from __future__ import annotations

from urllib.parse import quote

from ...models.paged_rating import PagedRating
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedRating] = Operation(
    id="list_ratings",
    method="GET",
    path="/projects/{project_id}/ratings",
    status=200,
    success=PagedRating,
    repeatable=True,
)


def build(
    project_id: int,
    *,
    prompt_response_id: int,
    page: int | None | Unset = UNSET,
) -> Request[PagedRating]:
    """List the ratings of a response.

    In order of creation, paged. A criterion that could not be judged has no rating.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/ratings",
        query=encode_query(
            {
                "prompt_response_id": prompt_response_id,
                "page": page,
            }
        ),
    )
