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
    """Delete a collection."""
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections/{quote(str(collection_id), safe='')}",
    )
