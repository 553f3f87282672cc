"""Delete a criterion."""

from __future__ import annotations

from urllib.parse import quote

from ...types import Operation, Request

OPERATION: Operation[None] = Operation(
    id="delete_criterion",
    method="DELETE",
    path="/projects/{project_id}/criteria/{criterion_id}",
    status=204,
    success=None,
    repeatable=True,
)


def build(
    project_id: int,
    criterion_id: int,
) -> Request[None]:
    """Delete a criterion.

    Takes the criterion out of its set. Ratings made by it stay readable.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/criteria/{quote(str(criterion_id), safe='')}",
    )
