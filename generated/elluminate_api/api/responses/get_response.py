"""Read one response with its trajectory."""

from __future__ import annotations

from urllib.parse import quote

from ...models.prompt_response import PromptResponse
from ...types import Operation, Request

OPERATION: Operation[PromptResponse] = Operation(
    id="get_response",
    method="GET",
    path="/projects/{project_id}/responses/{response_id}",
    status=200,
    success=PromptResponse,
    repeatable=True,
)


def build(
    project_id: int,
    response_id: int,
) -> Request[PromptResponse]:
    """Read one response with its trajectory.

    The only place that carries the trajectory of an agent run; in lists it is null.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/responses/{quote(str(response_id), safe='')}",
    )
