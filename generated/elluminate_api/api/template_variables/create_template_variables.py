"""Add or generate one row."""

from __future__ import annotations

from urllib.parse import quote

from ...models.create_template_variables_request import CreateTemplateVariablesRequest
from ...models.template_variables import TemplateVariables
from ...types import Operation, Request

OPERATION: Operation[TemplateVariables] = Operation(
    id="create_template_variables",
    method="POST",
    path="/projects/{project_id}/collections/{collection_id}/entries",
    status=201,
    success=TemplateVariables,
)


def build(
    project_id: int,
    collection_id: int,
    *,
    body: CreateTemplateVariablesRequest,
) -> Request[TemplateVariables]:
    """Add or generate one row."""
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections/{quote(str(collection_id), safe='')}/entries",
        body=body,
    )
