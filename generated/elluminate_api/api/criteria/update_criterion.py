"""Edit a criterion."""

from __future__ import annotations

from urllib.parse import quote

from ...models.criterion import Criterion
from ...models.edit_criterion_request import EditCriterionRequest
from ...types import Operation, Request

OPERATION: Operation[Criterion] = Operation(
    id="update_criterion",
    method="PUT",
    path="/projects/{project_id}/criteria/{criterion_id}",
    status=200,
    success=Criterion,
    repeatable=True,
)


def build(
    project_id: int,
    criterion_id: int,
    *,
    body: EditCriterionRequest,
) -> Request[Criterion]:
    """Edit a criterion.

    Fields that are absent stay as they are. Changing the text makes a new version, which takes the
    place of the old one in its set and can have another id; ratings made earlier keep the old
    wording. 409 when the set holds another criterion with that text. The same request once more, under
    the id of the version that it has replaced, gets the same answer.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/criteria/{quote(str(criterion_id), safe='')}",
        body=body,
    )
