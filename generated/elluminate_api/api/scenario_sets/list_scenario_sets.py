"""List scenario sets."""

from __future__ import annotations

from urllib.parse import quote

from ...models.paged_scenario_set import PagedScenarioSet
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedScenarioSet] = Operation(
    id="list_scenario_sets",
    method="GET",
    path="/projects/{project_id}/scenario-sets",
    status=200,
    success=PagedScenarioSet,
    repeatable=True,
)


def build(
    project_id: int,
    *,
    name_search: str | None | Unset = UNSET,
    page: int | None | Unset = UNSET,
) -> Request[PagedScenarioSet]:
    """List scenario sets.

    In order of creation, without scenarios, paged. There is no filter by exact name: a client
    searches and compares.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/scenario-sets",
        query=encode_query(
            {
                "name_search": name_search,
                "page": page,
            }
        ),
    )
