"""Create an experiment, optionally running it."""

from __future__ import annotations

from urllib.parse import quote

from ...models.create_experiment_request import CreateExperimentRequest
from ...models.experiment import Experiment
from ...types import Operation, Request

OPERATION: Operation[Experiment] = Operation(
    id="create_experiment",
    method="POST",
    path="/projects/{project_id}/experiments",
    status=201,
    success=Experiment,
)


def build(
    project_id: int,
    *,
    body: CreateExperimentRequest,
) -> Request[Experiment]:
    """Create an experiment, optionally running it.

    With generate true the answer carries generation_task_id.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments",
        body=body,
    )
