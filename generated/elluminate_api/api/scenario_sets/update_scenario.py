"""Replace one scenario."""

from __future__ import annotations

from urllib.parse import quote

from ...models.scenario import Scenario
from ...models.scenario_in import ScenarioIn
from ...types import Operation, Request

OPERATION: Operation[Scenario] = Operation(
    id="update_scenario",
    method="PUT",
    path="/projects/{project_id}/scenario-sets/{scenario_set_id}/scenarios/{scenario_id}",
    status=200,
    success=Scenario,
    repeatable=True,
)


def build(
    project_id: int,
    scenario_set_id: int,
    scenario_id: int,
    *,
    body: ScenarioIn,
) -> Request[Scenario]:
    """Replace one scenario.

    A declared field that is left out goes back to its default; a field that is not declared is 422.
    409 when the set is read-only.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/scenario-sets/{quote(str(scenario_set_id), safe='')}/scenarios/{quote(str(scenario_id), safe='')}",
        body=body,
    )
