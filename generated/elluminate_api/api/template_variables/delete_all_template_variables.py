"""Delete all rows of a collection."""

from __future__ import annotations

from urllib.parse import quote

from ...types import Operation, Request

OPERATION: Operation[None] = Operation(
    id="delete_all_template_variables",
    method="DELETE",
    path="/projects/{project_id}/collections/{collection_id}/entries",
    status=204,
    success=None,
    repeatable=True,
)


def build(
    project_id: int,
    collection_id: int,
) -> Request[None]:
    """Delete all rows of a collection.

    The collection and its columns stay. Responses to these rows stay readable. An empty collection is
    no error. 409 when the collection is read-only.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections/{quote(str(collection_id), safe='')}/entries",
    )
