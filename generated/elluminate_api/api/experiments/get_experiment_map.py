"""Read an overview of samples and responses."""

from __future__ import annotations

from urllib.parse import quote

from ...models.experiment_map import ExperimentMap
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[ExperimentMap] = Operation(
    id="get_experiment_map",
    method="GET",
    path="/projects/{project_id}/experiments/{experiment_id}/map",
    status=200,
    success=ExperimentMap,
    repeatable=True,
)


def build(
    project_id: int,
    experiment_id: int,
    *,
    page: int | None | Unset = UNSET,
    limit: int | None | Unset = UNSET,
) -> Request[ExperimentMap]:
    """Read an overview of samples and responses.

    One entry per row (and persona) that has responses, without message texts, in order of the rows.
    The page and its size count samples; the totals count all of them. A page behind the last one has
    no samples.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments/{quote(str(experiment_id), safe='')}/map",
        query=encode_query(
            {
                "page": page,
                "limit": limit,
            }
        ),
    )
