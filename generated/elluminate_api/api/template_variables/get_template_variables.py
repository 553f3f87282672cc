"""Read one row."""

from __future__ import annotations

from urllib.parse import quote

from ...models.template_variables import TemplateVariables
from ...types import Operation, Request

OPERATION: Operation[TemplateVariables] = Operation(
    id="get_template_variables",
    method="GET",
    path="/projects/{project_id}/collections/{collection_id}/entries/{entry_id}",
    status=200,
    success=TemplateVariables,
    repeatable=True,
)


def build(
    project_id: int,
    collection_id: int,
    entry_id: int,
) -> Request[TemplateVariables]:
    """Read one row.

    404 also for a row of another collection.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections/{quote(str(collection_id), safe='')}/entries/{quote(str(entry_id), safe='')}",
    )
