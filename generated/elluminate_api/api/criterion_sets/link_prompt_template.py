"""Link a criterion set to a prompt template."""

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
    """Link a criterion set to a prompt template.

    The set becomes what experiments with that template version use when they name no set. A set can
    be linked to many templates, a template version to one set: an earlier link of the template is
    replaced. Linking twice has no further effect. No request body.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/criterion_sets/{quote(str(criterion_set_id), safe='')}/prompt_templates/{quote(str(prompt_template_id), safe='')}",
    )
