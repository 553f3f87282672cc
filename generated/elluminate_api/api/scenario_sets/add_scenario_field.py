"""Declare a field of the scenarios of a set."""

from __future__ import annotations

from urllib.parse import quote

from ...models.add_scenario_field_request import AddScenarioFieldRequest
from ...models.scenario_field import ScenarioField
from ...types import Operation, Request

OPERATION: Operation[ScenarioField] = Operation(
    id="add_scenario_field",
    method="POST",
    path="/projects/{project_id}/scenario-sets/{scenario_set_id}/fields",
    status=201,
    success=ScenarioField,
)


def build(
    project_id: int,
    scenario_set_id: int,
    *,
    body: AddScenarioFieldRequest,
) -> Request[ScenarioField]:
    """Declare a field of the scenarios of a set.

    Every scenario of the set gets the field with its default. The server chooses the type;
    `elluminate_server` makes it text, and keeps other values as their JSON text. 422 for a
    name that is no identifier or that is built in; 409 when the set has that field, or is read-only.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/scenario-sets/{quote(str(scenario_set_id), safe='')}/fields",
        body=body,
    )
