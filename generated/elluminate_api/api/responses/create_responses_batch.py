"""Store or generate many responses."""

from __future__ import annotations

from urllib.parse import quote

from ...models.batch_create_prompt_response_request import (
    BatchCreatePromptResponseRequest,
)
from ...types import Operation, Request

OPERATION: Operation[str | None] = Operation(
    id="create_responses_batch",
    method="POST",
    path="/projects/{project_id}/responses/batches",
    status=201,
    success=str | None,
)


def build(
    project_id: int,
    *,
    body: BatchCreatePromptResponseRequest,
) -> Request[str | None]:
    """Store or generate many responses.

    Items with messages are stored, items without are generated, in one background task. The answer
    names the task; it is null when the list is empty. The ids of the created responses are not
    reported: a client lists the responses of the experiment before and after.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/responses/batches",
        body=body,
    )
