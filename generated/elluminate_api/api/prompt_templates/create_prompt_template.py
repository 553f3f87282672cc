"""Create a prompt template or its next version."""

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
    """Create a prompt template or its next version.

    A new name makes version 1. A known name with other content makes the next version, which becomes
    the latest; versions are never edited. What makes content the same is the name, the messages, the
    response format, the tools and the tool choice; the parent version does not count. A new version is
    linked to the criterion set of its parent, else to that of the latest version of its name.

    409 when a version with the same content exists, whichever of the versions it is; the body then
    carries its id in `prompt_template_id`, from which get-or-create reads it. 422 when a message is
    malformed, or a tool choice comes without tools. 404 when the parent version does not exist.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/prompt_templates",
        body=body,
    )
