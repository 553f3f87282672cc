"""Delete one response."""

from __future__ import annotations

from urllib.parse import quote

from ...types import Operation, Request

OPERATION: Operation[None] = Operation(
    id="delete_response",
    method="DELETE",
    path="/projects/{project_id}/responses/{response_id}",
    status=204,
    success=None,
    repeatable=True,
)


def build(
    project_id: int,
    response_id: int,
) -> Request[None]:
    """Delete one response.

    Deletes its ratings too; the results of the experiment follow.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/responses/{quote(str(response_id), safe='')}",
    )
