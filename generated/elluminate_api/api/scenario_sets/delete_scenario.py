"""Delete one scenario."""

from __future__ import annotations

from urllib.parse import quote

from ...types import Operation, Request

OPERATION: Operation[None] = Operation(
    id="delete_scenario",
    method="DELETE",
    path="/projects/{project_id}/scenario-sets/{scenario_set_id}/scenarios/{scenario_id}",
    status=204,
    success=None,
    repeatable=True,
)


def build(
    project_id: int,
    scenario_set_id: int,
    scenario_id: int,
) -> Request[None]:
    """Delete one scenario.

    409 when the set is read-only.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/scenario-sets/{quote(str(scenario_set_id), safe='')}/scenarios/{quote(str(scenario_id), safe='')}",
    )
