"""Read one version of a prompt template."""

from __future__ import annotations

from urllib.parse import quote

from ...models.prompt_template import PromptTemplate
from ...types import Operation, Request

OPERATION: Operation[PromptTemplate] = Operation(
    id="get_prompt_template",
    method="GET",
    path="/projects/{project_id}/prompt_templates/{prompt_template_id}",
    status=200,
    success=PromptTemplate,
    repeatable=True,
)


def build(
    project_id: int,
    prompt_template_id: int,
) -> Request[PromptTemplate]:
    """Read one version of a prompt template.

    Versions never change after their creation; only the link to a criterion set can.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/prompt_templates/{quote(str(prompt_template_id), safe='')}",
    )
