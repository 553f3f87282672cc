"""Read the frozen tasks and criteria."""

from __future__ import annotations

from urllib.parse import quote

from ...models.agent_results_definition import AgentResultsDefinition
from ...types import Operation, Request

OPERATION: Operation[AgentResultsDefinition] = Operation(
    id="get_agent_results_definition",
    method="GET",
    path="/projects/{project_id}/experiments/{experiment_id}/agent-results/definition",
    status=200,
    success=AgentResultsDefinition,
    repeatable=True,
)


def build(
    project_id: int,
    experiment_id: int,
) -> Request[AgentResultsDefinition]:
    """Read the frozen tasks and criteria."""
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments/{quote(str(experiment_id), safe='')}/agent-results/definition",
    )
