"""Add one scenario."""

from __future__ import annotations

from urllib.parse import quote

from ...models.scenario import Scenario
from ...models.scenario_in import ScenarioIn
from ...types import Operation, Request

OPERATION: Operation[Scenario] = Operation(
    id="create_scenario",
    method="POST",
    path="/projects/{project_id}/scenario-sets/{scenario_set_id}/scenarios",
    status=201,
    success=Scenario,
)


def build(
    project_id: int,
    scenario_set_id: int,
    *,
    body: ScenarioIn,
) -> Request[Scenario]:
    """Add one scenario.

    A declared field that is left out gets its default; a field that is not declared is 422. 409 when
    the set is read-only.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/scenario-sets/{quote(str(scenario_set_id), safe='')}/scenarios",
        body=body,
    )
