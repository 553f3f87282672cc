"""Delete a scenario set."""

from __future__ import annotations

from urllib.parse import quote

from ...types import Operation, Request

OPERATION: Operation[None] = Operation(
    id="delete_scenario_set",
    method="DELETE",
    path="/projects/{project_id}/scenario-sets/{scenario_set_id}",
    status=204,
    success=None,
    repeatable=True,
)


def build(
    project_id: int,
    scenario_set_id: int,
) -> Request[None]:
    """Delete a scenario set.

    Deletes its scenarios too. 409 when the set is read-only or built in.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/scenario-sets/{quote(str(scenario_set_id), safe='')}",
    )
