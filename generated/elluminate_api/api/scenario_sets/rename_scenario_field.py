"""Rename a field of a scenario set."""

from __future__ import annotations

from urllib.parse import quote

from ...models.rename_scenario_field_request import RenameScenarioFieldRequest
from ...models.scenario_field import ScenarioField
from ...types import Operation, Request

OPERATION: Operation[ScenarioField] = Operation(
    id="rename_scenario_field",
    method="PUT",
    path="/projects/{project_id}/scenario-sets/{scenario_set_id}/fields/{field_id}",
    status=200,
    success=ScenarioField,
    repeatable=True,
)


def build(
    project_id: int,
    scenario_set_id: int,
    field_id: int,
    *,
    body: RenameScenarioFieldRequest,
) -> Request[ScenarioField]:
    """Rename a field of a scenario set.

    The values stay; so does the default, unless a new one is given. 422 for a name that is no
    identifier or that is built in; 409 when the set has another field of that name, or is read-only.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/scenario-sets/{quote(str(scenario_set_id), safe='')}/fields/{quote(str(field_id), safe='')}",
        body=body,
    )
