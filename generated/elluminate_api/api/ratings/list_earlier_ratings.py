"""List verdicts that later ones have replaced."""

from __future__ import annotations

from urllib.parse import quote

from ...models.paged_earlier_rating import PagedEarlierRating
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedEarlierRating] = Operation(
    id="list_earlier_ratings",
    method="GET",
    path="/projects/{project_id}/ratings/history",
    status=200,
    success=PagedEarlierRating,
    repeatable=True,
)


def build(
    project_id: int,
    *,
    page: int | None | Unset = UNSET,
    experiment_id: int | None | Unset = UNSET,
    response_id: int | None | Unset = UNSET,
    criterion_id: int | None | Unset = UNSET,
) -> Request[PagedEarlierRating]:
    """List verdicts that later ones have replaced.

    Rating a response again replaces its verdicts; what they were is kept, with the judge that gave
    them, for as
    long as the response is. In the order in which they were replaced, paged. Filters narrow together.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/ratings/history",
        query=encode_query(
            {
                "page": page,
                "experiment_id": experiment_id,
                "response_id": response_id,
                "criterion_id": criterion_id,
            }
        ),
    )
