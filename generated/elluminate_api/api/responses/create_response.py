"""Store one response."""

from __future__ import annotations

from urllib.parse import quote

from ...models.create_prompt_response_request import CreatePromptResponseRequest
from ...models.prompt_response import PromptResponse
from ...types import Operation, Request

OPERATION: Operation[PromptResponse] = Operation(
    id="create_response",
    method="POST",
    path="/projects/{project_id}/responses",
    status=201,
    success=PromptResponse,
)


def build(
    project_id: int,
    *,
    body: CreatePromptResponseRequest,
) -> Request[PromptResponse]:
    """Store one response."""
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/responses",
        body=body,
    )
