"""Add or generate criteria."""

from __future__ import annotations

from urllib.parse import quote

from ...models.create_criteria_request import CreateCriteriaRequest
from ...models.criterion import Criterion
from ...types import Operation, Request

OPERATION: Operation[list[Criterion]] = Operation(
    id="create_criteria",
    method="POST",
    path="/projects/{project_id}/criteria",
    status=201,
    success=list[Criterion],
)


def build(
    project_id: int,
    *,
    body: CreateCriteriaRequest,
) -> Request[list[Criterion]]:
    """Add or generate criteria."""
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/criteria",
        body=body,
    )
