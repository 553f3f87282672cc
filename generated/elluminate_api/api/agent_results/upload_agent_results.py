"""Append trials of agents."""

from __future__ import annotations

from urllib.parse import quote

from ...models.agent_results_upload_request import AgentResultsUploadRequest
from ...models.agent_results_upload_response import AgentResultsUploadResponse
from ...types import Operation, Request

OPERATION: Operation[AgentResultsUploadResponse] = Operation(
    id="upload_agent_results",
    method="POST",
    path="/projects/{project_id}/experiments/{experiment_id}/agent-results",
    status=201,
    success=AgentResultsUploadResponse,
)


def build(
    project_id: int,
    experiment_id: int,
    *,
    body: AgentResultsUploadRequest,
) -> Request[AgentResultsUploadResponse]:
    """Append trials of agents.

    Stores trials that ran elsewhere as responses of an AGENTIC experiment. An upload always appends:
    the same trials sent twice count twice, unless the `Idempotency-Key` is the same. A trial finds
    its task by id, else by its name at the time the experiment was created, else by the present name
    of the row unless another task had that name then. A deleted row takes no results.

    Ratings in the upload name a criterion by id; with ratings, or with `evaluate` false, no
    evaluation starts and `evaluation_task_id` is null. Otherwise the trajectories are evaluated in a
    background task whose id is in the answer and in the experiment.

    Problems of single trials do not fail the upload: they are listed in `errors`. A trajectory that
    is not valid is dropped while its trial stays; the message then contains the words `trajectory
    dropped`. When nothing matched, or nothing could be stored, 400 says why, with tasks that could
    have been named.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments/{quote(str(experiment_id), safe='')}/agent-results",
        body=body,
    )
