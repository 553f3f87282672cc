"""Regenerate failed responses."""

from __future__ import annotations

from urllib.parse import quote

from ...models.experiment import Experiment
from ...models.retry_failed_request import RetryFailedRequest
from ...types import Operation, Request

OPERATION: Operation[Experiment] = Operation(
    id="retry_failed_experiment",
    method="POST",
    path="/projects/{project_id}/experiments/{experiment_id}/retry-failed",
    status=200,
    success=Experiment,
)


def build(
    project_id: int,
    experiment_id: int,
    *,
    body: RetryFailedRequest,
) -> Request[Experiment]:
    """Regenerate failed responses.

    A null generation_task_id means there was nothing to retry; the SDK then reads the experiment again.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments/{quote(str(experiment_id), safe='')}/retry-failed",
        body=body,
    )
