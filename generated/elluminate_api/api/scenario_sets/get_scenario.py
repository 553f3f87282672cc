"""Read one scenario."""

from __future__ import annotations

from urllib.parse import quote

from ...models.scenario import Scenario
from ...types import Operation, Request

OPERATION: Operation[Scenario] = Operation(
    id="get_scenario",
    method="GET",
    path="/projects/{project_id}/scenario-sets/{scenario_set_id}/scenarios/{scenario_id}",
    status=200,
    success=Scenario,
    repeatable=True,
)


def build(
    project_id: int,
    scenario_set_id: int,
    scenario_id: int,
) -> Request[Scenario]:
    """Read one scenario.

    404 also for a scenario of another set.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/scenario-sets/{quote(str(scenario_set_id), safe='')}/scenarios/{quote(str(scenario_id), safe='')}",
    )
