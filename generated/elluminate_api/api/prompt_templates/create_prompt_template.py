"""Create a template or a new version."""

from __future__ import annotations

from urllib.parse import quote

from ...models.create_prompt_template_request import CreatePromptTemplateRequest
from ...models.prompt_template import PromptTemplate
from ...types import Operation, Request

OPERATION: Operation[PromptTemplate] = Operation(
    id="create_prompt_template",
    method="POST",
    path="/projects/{project_id}/prompt_templates",
    status=201,
    success=PromptTemplate,
)


def build(
    project_id: int,
    *,
    body: CreatePromptTemplateRequest,
) -> Request[PromptTemplate]:
    """Create a template or a new version.

    A known name with different content yields the next version; the same name, messages, response
    format, tools and tool choice yield 409.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/prompt_templates",
        body=body,
    )
