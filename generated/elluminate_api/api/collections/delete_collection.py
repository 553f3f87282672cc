"""Delete a collection."""

from __future__ import annotations

from urllib.parse import quote

from ...types import Operation, Request

OPERATION: Operation[None] = Operation(
    id="delete_collection",
    method="DELETE",
    path="/projects/{project_id}/collections/{collection_id}",
    status=204,
    success=None,
    repeatable=True,
)


def build(
    project_id: int,
    collection_id: int,
) -> Request[None]:
    """Delete a collection.

    Deletes its rows and columns too. The name can be used again at once, and then means a new id.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections/{quote(str(collection_id), safe='')}",
    )
