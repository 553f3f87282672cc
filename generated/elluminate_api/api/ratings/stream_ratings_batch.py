"""Stream a rating batch."""

from __future__ import annotations

from urllib.parse import quote

from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[str] = Operation(
    id="stream_ratings_batch",
    method="GET",
    path="/projects/{project_id}/ratings/batches/{task_id}/stream",
    status=200,
    success=str,
    media_type="text/event-stream",
    repeatable=True,
)


def build(
    project_id: int,
    task_id: str,
    *,
    polling_interval: float | None | Unset = UNSET,
) -> Request[str]:
    """Stream a rating batch.

    Async client only. The content type must be text/event-stream whatever the status code; a JSON error
    body surfaces as a transport error, not by status. Comments may keep the connection alive, an event
    without data may not. One event is at most 1 MiB. Never retried. Only status and error_msg are read.
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
