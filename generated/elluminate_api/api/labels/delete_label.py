"""Withdraw a label."""

from __future__ import annotations

from urllib.parse import quote

from ...types import Operation, Request

OPERATION: Operation[None] = Operation(
    id="delete_label",
    method="DELETE",
    path="/projects/{project_id}/labels/{label_id}",
    status=204,
    success=None,
    repeatable=True,
)


def build(
    project_id: int,
    label_id: int,
) -> Request[None]:
    """Withdraw a label.

    It does not count any more; that it was given, and when it was withdrawn, is kept. 404 when it was
    replaced or
    withdrawn already; 403 when it is another key's, unless an admin asks.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/labels/{quote(str(label_id), safe='')}",
    )
