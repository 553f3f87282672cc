"""Read a collection with all its rows."""

from __future__ import annotations

from urllib.parse import quote

from ...models.template_variables_collection_with_entries import (
    TemplateVariablesCollectionWithEntries,
)
from ...types import Operation, Request

OPERATION: Operation[TemplateVariablesCollectionWithEntries] = Operation(
    id="get_collection",
    method="GET",
    path="/projects/{project_id}/collections/{collection_id}",
    status=200,
    success=TemplateVariablesCollectionWithEntries,
    repeatable=True,
)


def build(
    project_id: int,
    collection_id: int,
) -> Request[TemplateVariablesCollectionWithEntries]:
    """Read a collection with all its rows.

    Rows come in order of creation and are not paged; each repeats the collection it belongs to. 422
    when they are longer than the server sends at once: list them in pages.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections/{quote(str(collection_id), safe='')}",
    )
