"""List the scenarios of a set."""

from __future__ import annotations

from urllib.parse import quote

from ...models.paged_scenario import PagedScenario
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedScenario] = Operation(
    id="list_scenarios",
    method="GET",
    path="/projects/{project_id}/scenario-sets/{scenario_set_id}/scenarios",
    status=200,
    success=PagedScenario,
    repeatable=True,
)


def build(
    project_id: int,
    scenario_set_id: int,
    *,
    page: int | None | Unset = UNSET,
) -> Request[PagedScenario]:
    """List the scenarios of a set.

    In order of creation, paged.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/scenario-sets/{quote(str(scenario_set_id), safe='')}/scenarios",
        query=encode_query(
            {
                "page": page,
            }
        ),
    )
