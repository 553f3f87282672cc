"""Create a scenario set."""

from __future__ import annotations

from urllib.parse import quote

from ...models.create_scenario_set_request import CreateScenarioSetRequest
from ...models.scenario_set import ScenarioSet
from ...types import Operation, Request

OPERATION: Operation[ScenarioSet] = Operation(
    id="create_scenario_set",
    method="POST",
    path="/projects/{project_id}/scenario-sets",
    status=201,
    success=ScenarioSet,
)


def build(
    project_id: int,
    *,
    body: CreateScenarioSetRequest,
) -> Request[ScenarioSet]:
    """Create a scenario set.

    The fields `goal` and `expected_conversation_outcome` belong to every set; naming them here,
    naming a field twice or naming one that is no identifier is 422. 400, not 409, when a scenario set
    or a collection of that name exists. Without a name the server invents one.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/scenario-sets",
        body=body,
    )
