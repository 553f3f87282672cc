"""Change a collection."""

from __future__ import annotations

from urllib.parse import quote

from ...models.template_variables_collection import TemplateVariablesCollection
from ...models.update_collection_request import UpdateCollectionRequest
from ...types import Operation, Request

OPERATION: Operation[TemplateVariablesCollection] = Operation(
    id="update_collection",
    method="PUT",
    path="/projects/{project_id}/collections/{collection_id}",
    status=200,
    success=TemplateVariablesCollection,
    repeatable=True,
)


def build(
    project_id: int,
    collection_id: int,
    *,
    body: UpdateCollectionRequest,
) -> Request[TemplateVariablesCollection]:
    """Change a collection."""
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections/{quote(str(collection_id), safe='')}",
        body=body,
    )
