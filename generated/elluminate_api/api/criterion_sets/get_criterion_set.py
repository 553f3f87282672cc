"""Read a criterion set."""

from __future__ import annotations

from urllib.parse import quote

from ...models.criterion_set import CriterionSet
from ...types import Operation, Request

OPERATION: Operation[CriterionSet] = Operation(
    id="get_criterion_set",
    method="GET",
    path="/projects/{project_id}/criterion_sets/{criterion_set_id}",
    status=200,
    success=CriterionSet,
    repeatable=True,
)


def build(
    project_id: int,
    criterion_set_id: int,
) -> Request[CriterionSet]:
    """Read a criterion set.

    With its criteria in order of creation, and the template versions it is linked to.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/criterion_sets/{quote(str(criterion_set_id), safe='')}",
    )
