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
    """Store one response.

    Adds an answer that was made elsewhere to an experiment, as the answer to one of its rows. The
    messages include an assistant or a tool turn; otherwise 422. Storing another response for the same
    row and epoch adds it. Nothing is rated.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/responses",
        body=body,
    )
