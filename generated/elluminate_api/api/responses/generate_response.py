"""Generate one response now."""

from __future__ import annotations

from urllib.parse import quote

from ...models.create_prompt_response_request import CreatePromptResponseRequest
from ...models.prompt_response import PromptResponse
from ...types import Operation, Request

OPERATION: Operation[PromptResponse] = Operation(
    id="generate_response",
    method="POST",
    path="/projects/{project_id}/responses/generate",
    status=201,
    success=PromptResponse,
)


def build(
    project_id: int,
    *,
    body: CreatePromptResponseRequest,
) -> Request[PromptResponse]:
    """Generate one response now.

    The same body, with empty messages; otherwise 422. The call waits for the model. A model that
    fails yields a response with its error, not an error of this call. Nothing is rated.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/responses/generate",
        body=body,
    )
