"""Read usage statistics."""

from __future__ import annotations

from urllib.parse import quote

from ...models.responses_stats import ResponsesStats
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[ResponsesStats] = Operation(
    id="get_response_stats",
    method="GET",
    path="/projects/{project_id}/responses/stats",
    status=200,
    success=ResponsesStats,
    repeatable=True,
)


def build(
    project_id: int,
    *,
    days: int | None | Unset = UNSET,
    llm_config_id: int | None | Unset = UNSET,
) -> Request[ResponsesStats]:
    """Read usage statistics.

    Counts and sums over the last days, today included, and one entry per day in UTC, oldest first.
    Days without a response are listed with zeros. Failed responses count as responses; means are over
    the responses whose number is known.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/responses/stats",
        query=encode_query(
            {
                "days": days,
                "llm_config_id": llm_config_id,
            }
        ),
    )
