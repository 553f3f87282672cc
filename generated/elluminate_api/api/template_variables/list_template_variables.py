"""List the rows of a collection."""

from __future__ import annotations

from urllib.parse import quote

from ...models.paged_template_variables import PagedTemplateVariables
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedTemplateVariables] = Operation(
    id="list_template_variables",
    method="GET",
    path="/projects/{project_id}/collections/{collection_id}/entries",
    status=200,
    success=PagedTemplateVariables,
    repeatable=True,
)


def build(
    project_id: int,
    collection_id: int,
    *,
    page: int | None | Unset = UNSET,
) -> Request[PagedTemplateVariables]:
    """List the rows of a collection.

    In order of creation, paged.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections/{quote(str(collection_id), safe='')}/entries",
        query=encode_query(
            {
                "page": page,
            }
        ),
    )
