"""Bring what is missing of a run."""

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
    """Bring what is missing of a run.

    Does as a background task what is missing, and nothing that is there: answers keep id, text and
    ratings. A row keeps the prompt that it was asked with, unless that prompt could not be rendered.

    - Responses whose generation failed are deleted, and generated again.
    - Rows and epochs that never got a response, because the run was cancelled, failed, or was given up,
      are answered. Rows that were added after the run was started are not part of it; rows that were
      deleted since are left out.
    - Answers whose results lack a verdict that was not given are judged by these criteria alone, and by
      those that were added to the set since. Criteria that were added to the set after an answer was
    made
      are not missing by themselves.

    Platforms other than this server may do the first of these only. When nothing is missing, nothing
    changes, and the answer has a null `generation_task_id`.

    409 while the experiment is running, when all that is missing are failed responses that cannot be
    generated because they were uploaded or come from a column, and when failed responses carry
    annotations or ratings made by hand while `discard_annotations` is false; the detail names some of
    them.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments/{quote(str(experiment_id), safe='')}/retry-failed",
        body=body,
    )
