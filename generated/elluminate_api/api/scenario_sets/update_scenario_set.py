"""Rename or describe a scenario set."""

from __future__ import annotations

from urllib.parse import quote

from ...models.scenario_set import ScenarioSet
from ...models.update_scenario_set_request import UpdateScenarioSetRequest
from ...types import Operation, Request

OPERATION: Operation[ScenarioSet] = Operation(
    id="update_scenario_set",
    method="PUT",
    path="/projects/{project_id}/scenario-sets/{scenario_set_id}",
    status=200,
    success=ScenarioSet,
    repeatable=True,
)


def build(
    project_id: int,
    scenario_set_id: int,
    *,
    body: UpdateScenarioSetRequest,
) -> Request[ScenarioSet]:
    """Rename or describe a scenario set.

    Fields that are absent stay as they are, although the method is PUT. 400 when another scenario set
    or a collection has that name; 409 when the set is read-only or built in.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/scenario-sets/{quote(str(scenario_set_id), safe='')}",
        body=body,
    )
