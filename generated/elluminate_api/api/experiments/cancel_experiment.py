"""Cancel the running task of an experiment."""

from __future__ import annotations

from urllib.parse import quote

from ...models.experiment import Experiment
from ...types import Operation, Request

OPERATION: Operation[Experiment] = Operation(
    id="cancel_experiment",
    method="POST",
    path="/projects/{project_id}/experiments/{experiment_id}/cancel",
    status=200,
    success=Experiment,
)


def build(
    project_id: int,
    experiment_id: int,
) -> Request[Experiment]:
    """Cancel the running task of an experiment.

    The task ends as REVOKED, which its polls and streams tell, and calls to models that it waits for
    are dropped. Responses and ratings so far stay. The answer has a null `generation_task_id`. When
    nothing is running, nothing changes, and the answer is the same.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments/{quote(str(experiment_id), safe='')}/cancel",
    )
