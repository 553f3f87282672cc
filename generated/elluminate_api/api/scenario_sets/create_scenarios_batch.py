"""Add many scenarios."""

from __future__ import annotations

from urllib.parse import quote

from ...models.scenario import Scenario
from ...models.scenario_batch_request import ScenarioBatchRequest
from ...types import Operation, Request

OPERATION: Operation[list[Scenario]] = Operation(
    id="create_scenarios_batch",
    method="POST",
    path="/projects/{project_id}/scenario-sets/{scenario_set_id}/scenarios/batch",
    status=201,
    success=list[Scenario],
)


def build(
    project_id: int,
    scenario_set_id: int,
    *,
    body: ScenarioBatchRequest,
) -> Request[list[Scenario]]:
    """Add many scenarios.

    Stores all of them, or none; the answer comes when they are stored. With `skip_existing` a
    scenario is left out when it equals a stored one or one before it in the list. 422 for a field
    that is not declared; 409 when the set is read-only.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/scenario-sets/{quote(str(scenario_set_id), safe='')}/scenarios/batch",
        body=body,
    )
