"""Delete one row."""

from __future__ import annotations

from urllib.parse import quote

from ...types import Operation, Request

OPERATION: Operation[None] = Operation(
    id="delete_template_variables",
    method="DELETE",
    path="/projects/{project_id}/collections/{collection_id}/entries/{entry_id}",
    status=204,
    success=None,
    repeatable=True,
)


def build(
    project_id: int,
    collection_id: int,
    entry_id: int,
) -> Request[None]:
    """Delete one row.

    Responses to the row stay readable. 409 when the collection is read-only.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections/{quote(str(collection_id), safe='')}/entries/{quote(str(entry_id), safe='')}",
    )
