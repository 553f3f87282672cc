"""Create a collection."""

from __future__ import annotations

from urllib.parse import quote

from ...models.create_collection_request import CreateCollectionRequest
from ...models.template_variables_collection_with_entries import (
    TemplateVariablesCollectionWithEntries,
)
from ...types import Operation, Request

OPERATION: Operation[TemplateVariablesCollectionWithEntries] = Operation(
    id="create_collection",
    method="POST",
    path="/projects/{project_id}/collections",
    status=201,
    success=TemplateVariablesCollectionWithEntries,
)


def build(
    project_id: int,
    *,
    body: CreateCollectionRequest,
) -> Request[TemplateVariablesCollectionWithEntries]:
    """Create a collection.

    A taken name must answer 409 for get-or-create to work (one docstring says 400).
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections",
        body=body,
    )
