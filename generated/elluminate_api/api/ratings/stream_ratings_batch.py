"""Stream a rating batch."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[Any] = Operation(
    id="stream_ratings_batch",
    method="GET",
    path="/projects/{project_id}/ratings/batches/{task_id}/stream",
    status=200,
    success=Any,
    media_type="text/event-stream",
    repeatable=True,
)


def build(
    project_id: int,
    task_id: str,
    *,
    polling_interval: float | None | Unset = UNSET,
) -> Request[Any]:
    """Stream a rating batch.

    One event at the start and one whenever the status changes, until the final status; each is the
    same object as the poll. Not repeated by existing clients.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/ratings/batches/{quote(str(task_id), safe='')}/stream",
        query=encode_query(
            {
                "polling_interval": polling_interval,
            }
        ),
    )
