"""List what people said."""

from __future__ import annotations

from urllib.parse import quote

from ...models.paged_label import PagedLabel
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedLabel] = Operation(
    id="list_labels",
    method="GET",
    path="/projects/{project_id}/labels",
    status=200,
    success=PagedLabel,
    repeatable=True,
)


def build(
    project_id: int,
    *,
    page: int | None | Unset = UNSET,
    experiment_id: int | None | Unset = UNSET,
    response_id: int | None | Unset = UNSET,
    criterion_id: int | None | Unset = UNSET,
    criterion_set_id: int | None | Unset = UNSET,
    mine: bool | None | Unset = UNSET,
    earlier: bool | None | Unset = UNSET,
) -> Request[PagedLabel]:
    """List what people said.

    Labels in the order in which they were given, paged. Filters narrow together. One that its key has
    replaced or
    withdrawn is listed where `earlier` asks for it.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/labels",
        query=encode_query(
            {
                "page": page,
                "experiment_id": experiment_id,
                "response_id": response_id,
                "criterion_id": criterion_id,
                "criterion_set_id": criterion_set_id,
                "mine": mine,
                "earlier": earlier,
            }
        ),
    )
