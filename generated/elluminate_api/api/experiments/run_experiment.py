"""Start a created experiment."""

from __future__ import annotations

from urllib.parse import quote

from ...models.experiment import Experiment
from ...models.run_experiment_request import RunExperimentRequest
from ...types import Operation, Request

OPERATION: Operation[Experiment] = Operation(
    id="run_experiment",
    method="POST",
    path="/projects/{project_id}/experiments/{experiment_id}/run",
    status=200,
    success=Experiment,
)


def build(
    project_id: int,
    experiment_id: int,
    *,
    body: RunExperimentRequest,
) -> Request[Experiment]:
    """Start a created experiment.

    Queues one response for every row and epoch, and its ratings, as a background task. Ends at once;
    the answer carries the `generation_task_id` to poll or to stream, and no responses. A response
    whose generation fails is stored with its error and does not end the run.

    409 when the experiment is running or has been run, or its answers come from elsewhere. 422 when
    sampling or several epochs are asked
    for and the answers come from a column, and when a criterion has a placeholder by now that is no
    column.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments/{quote(str(experiment_id), safe='')}/run",
        body=body,
    )
