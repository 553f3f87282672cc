"""Read a criterion."""

from __future__ import annotations

from urllib.parse import quote

from ...models.criterion import Criterion
from ...types import Operation, Request

OPERATION: Operation[Criterion] = Operation(
    id="get_criterion",
    method="GET",
    path="/projects/{project_id}/criteria/{criterion_id}",
    status=200,
    success=Criterion,
    repeatable=True,
)


def build(
    project_id: int,
    criterion_id: int,
) -> Request[Criterion]:
    """Read a criterion.

    Criteria that a later edit has replaced stay readable by their id.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/criteria/{quote(str(criterion_id), safe='')}",
    )
