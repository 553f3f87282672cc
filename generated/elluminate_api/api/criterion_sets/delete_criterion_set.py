"""Delete a criterion set and its criteria."""

from __future__ import annotations

from urllib.parse import quote

from ...types import Operation, Request

OPERATION: Operation[None] = Operation(
    id="delete_criterion_set",
    method="DELETE",
    path="/projects/{project_id}/criterion_sets/{criterion_set_id}",
    status=204,
    success=None,
    repeatable=True,
)


def build(
    project_id: int,
    criterion_set_id: int,
) -> Request[None]:
    """Delete a criterion set and its criteria.

    Links to templates end. Ratings and results of experiments that used the set stay readable.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/criterion_sets/{quote(str(criterion_set_id), safe='')}",
    )
