"""Create a criterion set."""

from __future__ import annotations

from urllib.parse import quote

from ...models.create_criterion_set_request import CreateCriterionSetRequest
from ...models.criterion_set import CriterionSet
from ...types import Operation, Request

OPERATION: Operation[CriterionSet] = Operation(
    id="create_criterion_set",
    method="POST",
    path="/projects/{project_id}/criterion_sets",
    status=201,
    success=CriterionSet,
)


def build(
    project_id: int,
    *,
    body: CreateCriterionSetRequest,
) -> Request[CriterionSet]:
    """Create a criterion set.

    Stores the set and the given criteria in one step. A set without criteria is allowed. 409 when the
    project has a criterion set of that name.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/criterion_sets",
        body=body,
    )
