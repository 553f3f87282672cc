"""Add one row, given or generated."""

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
    """Add one row, given or generated.

    With `input_values` the row is stored as given: a column that is missing from it gets its default,
    a name that no column has becomes a new text column at the end. With `prompt_template_id` a model
    writes the values
    for the template's placeholders, and the call waits for it. Exactly one of the two is given;
    otherwise 422.

    409 when the collection is read-only, and in an AGENTIC collection when another row has that task
    name.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections/{quote(str(collection_id), safe='')}/entries",
        body=body,
    )
