"""Stream a generation or evaluation task."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[Any] = Operation(
    id="stream_experiment_generation",
    method="GET",
    path="/projects/{project_id}/experiments/{experiment_id}/generation/{task_id}/stream",
    status=200,
    success=Any,
    media_type="text/event-stream",
    repeatable=True,
)


def build(
    project_id: int,
    experiment_id: int,
    task_id: str,
    *,
    polling_interval: float | None | Unset = UNSET,
) -> Request[Any]:
    """Stream a generation or evaluation task.

    One event at the start and one whenever the state changes, until the final status; each is the
    same object as the poll. While `completed_responses` is a number, the other two counters are
    numbers too. `logs_delta` holds the lines added since the previous event of this stream, so that
    no line is lost or sent twice within it. Not repeated by existing clients; a client that
    reconnects gets the log from the beginning.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments/{quote(str(experiment_id), safe='')}/generation/{quote(str(task_id), safe='')}/stream",
        query=encode_query(
            {
                "polling_interval": polling_interval,
            }
        ),
    )
