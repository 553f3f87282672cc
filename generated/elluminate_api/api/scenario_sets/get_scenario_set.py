"""Read a scenario set."""

from __future__ import annotations

from urllib.parse import quote

from ...models.scenario_set import ScenarioSet
from ...types import Operation, Request

OPERATION: Operation[ScenarioSet] = Operation(
    id="get_scenario_set",
    method="GET",
    path="/projects/{project_id}/scenario-sets/{scenario_set_id}",
    status=200,
    success=ScenarioSet,
    repeatable=True,
)


def build(
    project_id: int,
    scenario_set_id: int,
) -> Request[ScenarioSet]:
    """Read a scenario set.

    With its fields, without its scenarios.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/scenario-sets/{quote(str(scenario_set_id), safe='')}",
    )
