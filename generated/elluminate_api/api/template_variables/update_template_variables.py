"""Replace the values of a row."""

from __future__ import annotations

from urllib.parse import quote

from ...models.template_variables import TemplateVariables
from ...models.update_template_variables_request import UpdateTemplateVariablesRequest
from ...types import Operation, Request

OPERATION: Operation[TemplateVariables] = Operation(
    id="update_template_variables",
    method="PUT",
    path="/projects/{project_id}/collections/{collection_id}/entries/{entry_id}",
    status=200,
    success=TemplateVariables,
    repeatable=True,
)


def build(
    project_id: int,
    collection_id: int,
    entry_id: int,
    *,
    body: UpdateTemplateVariablesRequest,
) -> Request[TemplateVariables]:
    """Replace the values of a row.

    The given values replace all values of the row; a column left out gets its default. An absent
    `environment_config` stays as it is. Responses that were made earlier keep the prompt they were
    made from. 409 when the collection is read-only, and in an AGENTIC collection when another row has
    that task name.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections/{quote(str(collection_id), safe='')}/entries/{quote(str(entry_id), safe='')}",
        body=body,
    )
