"""List criterion sets."""

from __future__ import annotations

from urllib.parse import quote

from ...models.paged_criterion_set import PagedCriterionSet
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedCriterionSet] = Operation(
    id="list_criterion_sets",
    method="GET",
    path="/projects/{project_id}/criterion_sets",
    status=200,
    success=PagedCriterionSet,
    repeatable=True,
)


def build(
    project_id: int,
    *,
    name: str | None | Unset = UNSET,
    page: int | None | Unset = UNSET,
) -> Request[PagedCriterionSet]:
    """List criterion sets.

    In order of creation, with their criteria and linked templates, paged.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/criterion_sets",
        query=encode_query(
            {
                "name": name,
                "page": page,
            }
        ),
    )
