"""Set the annotation of a response."""

from __future__ import annotations

from urllib.parse import quote

from ...models.prompt_response import PromptResponse
from ...models.update_response_annotation_request import UpdateResponseAnnotationRequest
from ...types import Operation, Request

OPERATION: Operation[PromptResponse] = Operation(
    id="update_response_annotation",
    method="PATCH",
    path="/projects/{project_id}/responses/{response_id}",
    status=200,
    success=PromptResponse,
    repeatable=True,
)


def build(
    project_id: int,
    response_id: int,
    *,
    body: UpdateResponseAnnotationRequest,
) -> Request[PromptResponse]:
    """Set the annotation of a response.

    Replaces the note that a person wrote on the response; the empty text clears it.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/responses/{quote(str(response_id), safe='')}",
        body=body,
    )
