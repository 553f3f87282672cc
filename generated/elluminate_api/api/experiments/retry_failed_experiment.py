"""Generate failed responses again."""

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
    """Generate failed responses again.

    Deletes the responses whose generation failed and generates them again, as a background task;
    other responses keep id, text and ratings. A row keeps the prompt that it was asked with, unless
    that prompt could not be rendered. When nothing failed, nothing changes, and the answer has a null
    `generation_task_id`.

    409 while the experiment is running, when its answers cannot be generated because they were
    uploaded or come from a column, and when failed responses carry annotations or ratings made by hand
    while `discard_annotations` is false; the detail names some of them.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments/{quote(str(experiment_id), safe='')}/retry-failed",
        body=body,
    )
