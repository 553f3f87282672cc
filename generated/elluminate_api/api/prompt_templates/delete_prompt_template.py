"""Delete one version of a prompt template."""

from __future__ import annotations

from urllib.parse import quote

from ...types import Operation, Request

OPERATION: Operation[None] = Operation(
    id="delete_prompt_template",
    method="DELETE",
    path="/projects/{project_id}/prompt_templates/{prompt_template_id}",
    status=204,
    success=None,
    repeatable=True,
)


def build(
    project_id: int,
    prompt_template_id: int,
) -> Request[None]:
    """Delete one version of a prompt template.

    Other versions of the name stay and keep their numbers. Experiments and responses made with this
    version stay readable.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/prompt_templates/{quote(str(prompt_template_id), safe='')}",
    )
