"""Match trials to tasks without storing."""

from __future__ import annotations

from urllib.parse import quote

from ...models.agent_results_match_preview import AgentResultsMatchPreview
from ...models.agent_results_match_preview_request import (
    AgentResultsMatchPreviewRequest,
)
from ...types import Operation, Request

OPERATION: Operation[AgentResultsMatchPreview] = Operation(
    id="preview_agent_results_matching",
    method="POST",
    path="/projects/{project_id}/experiments/{experiment_id}/agent-results/preview",
    status=200,
    success=AgentResultsMatchPreview,
    repeatable=True,
)


def build(
    project_id: int,
    experiment_id: int,
    *,
    body: AgentResultsMatchPreviewRequest,
) -> Request[AgentResultsMatchPreview]:
    """Match trials to tasks without storing.

    Matches as an upload would, and stores nothing. A trial that finds no task is part of the answer,
    with the reason, and not an error.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments/{quote(str(experiment_id), safe='')}/agent-results/preview",
        body=body,
    )
