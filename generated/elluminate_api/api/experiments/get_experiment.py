"""Read an experiment and its results."""

from __future__ import annotations

from urllib.parse import quote

from ...models.experiment import Experiment
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[Experiment] = Operation(
    id="get_experiment",
    method="GET",
    path="/projects/{project_id}/experiments/{experiment_id}",
    status=200,
    success=Experiment,
    repeatable=True,
)


def build(
    project_id: int,
    experiment_id: int,
    *,
    categorical_filters: str | None | Unset = UNSET,
) -> Request[Experiment]:
    """Read an experiment and its results.

    Results are computed from the stored ratings at the time of reading; they are null before the
    first run. Responses are listed on their own, by `experiment_id`. Evaluations of agent trials are
    followed here too, by `generation_task_id` and `has_internal_error`.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments/{quote(str(experiment_id), safe='')}",
        query=encode_query(
            {
                "categorical_filters": categorical_filters,
            }
        ),
    )
