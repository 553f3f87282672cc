"""Unlink a criterion set from a prompt template."""

from __future__ import annotations

from urllib.parse import quote

from ...types import Operation, Request

OPERATION: Operation[None] = Operation(
    id="unlink_prompt_template",
    method="DELETE",
    path="/projects/{project_id}/criterion_sets/{criterion_set_id}/prompt_templates/{prompt_template_id}",
    status=204,
    success=None,
    repeatable=True,
)


def build(
    project_id: int,
    criterion_set_id: int,
    prompt_template_id: int,
) -> Request[None]:
    """Unlink a criterion set from a prompt template.

    Set and template stay. 404 when the two are not linked.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/criterion_sets/{quote(str(criterion_set_id), safe='')}/prompt_templates/{quote(str(prompt_template_id), safe='')}",
    )
