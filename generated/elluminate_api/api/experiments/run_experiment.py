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

    A non-null generation_task_id in the answer is what the SDK polls. An experiment that already ran is
    refused.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments/{quote(str(experiment_id), safe='')}/run",
        body=body,
    )
