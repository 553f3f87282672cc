"""Delete a field of a scenario set."""

from __future__ import annotations

from urllib.parse import quote

from ...types import Operation, Request

OPERATION: Operation[None] = Operation(
    id="delete_scenario_field",
    method="DELETE",
    path="/projects/{project_id}/scenario-sets/{scenario_set_id}/fields/{field_id}",
    status=204,
    success=None,
    repeatable=True,
)


def build(
    project_id: int,
    scenario_set_id: int,
    field_id: int,
) -> Request[None]:
    """Delete a field of a scenario set.

    Takes the field and its values out of every scenario. 409 when the set is read-only.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/scenario-sets/{quote(str(scenario_set_id), safe='')}/fields/{quote(str(field_id), safe='')}",
    )
