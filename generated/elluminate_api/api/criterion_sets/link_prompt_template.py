"""Link a template."""

from __future__ import annotations

from urllib.parse import quote

from ...models.criterion_set import CriterionSet
from ...types import Operation, Request

OPERATION: Operation[CriterionSet] = Operation(
    id="link_prompt_template",
    method="PUT",
    path="/projects/{project_id}/criterion_sets/{criterion_set_id}/prompt_templates/{prompt_template_id}",
    status=200,
    success=CriterionSet,
    repeatable=True,
)


def build(
    project_id: int,
    criterion_set_id: int,
    prompt_template_id: int,
) -> Request[CriterionSet]:
    """Link a template.

    No request body.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/criterion_sets/{quote(str(criterion_set_id), safe='')}/prompt_templates/{quote(str(prompt_template_id), safe='')}",
    )
