"""Append agent trial results."""

from __future__ import annotations

from urllib.parse import quote

from ...models.agent_results_upload_request import AgentResultsUploadRequest
from ...models.agent_results_upload_response import AgentResultsUploadResponse
from ...types import Operation, Request

OPERATION: Operation[AgentResultsUploadResponse] = Operation(
    id="upload_agent_results",
    method="POST",
    path="/projects/{project_id}/experiments/{experiment_id}/agent-results",
    status=201,
    success=AgentResultsUploadResponse,
)


def build(
    project_id: int,
    experiment_id: int,
    *,
    body: AgentResultsUploadRequest,
) -> Request[AgentResultsUploadResponse]:
    """Append agent trial results.

    Partial problems still answer 2xx and sit in errors.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments/{quote(str(experiment_id), safe='')}/agent-results",
        body=body,
    )
