"""Read the tasks and criteria of an upload."""

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
    """Read the tasks and criteria of an upload.

    The tasks and criteria that were frozen when the AGENTIC experiment was created, in order of the
    rows. An experiment without them is refused with 400.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments/{quote(str(experiment_id), safe='')}/agent-results/definition",
    )
