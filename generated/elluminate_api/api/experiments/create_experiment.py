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

    Binds a template version, a collection, a criterion set and an LLM config under a name. Everything
    is checked before anything is stored. With `generate` true the run starts at once and the answer
    carries its `generation_task_id`; otherwise the experiment waits for `POST …/run`.

    Exactly one of `collection_id` and `scenario_set_id` is given, a scenario set only with
    MULTI_TURN. MULTI_TURN needs a persona group, other modes refuse one; its template, if there is one,
    is a single system message, and a collection needs a column of type persona_goal or one named
    `goal`.
    Every persona of the group talks about every row with the model until it ends the conversation or
    the
    server's limit of turns is reached; the transcript is the response.

    A raw_input column holds the rows' prompts: each is sent as it stands, as one user message, and a
    template is refused with 422. A conversation column holds conversations to go on with: the messages
    of the template, if one is given, come first, filled from the row, then the recorded messages as
    they
    are, and the model writes one next reply. Tools, tool choice and response format of the conversation
    count instead of the template's where it has them. Tools are offered and their calls recorded; they
    are never run. A row without a prompt has a failed response.

    No template is given for AGENTIC. AGENTIC needs an AGENTIC
    collection with rows: tasks and criteria are frozen now, nothing is ever run, and results of agents
    are uploaded; `generate`, sampling and epochs are refused. Without a criterion set the
    one linked to the template counts; with neither, `elluminate_server` adds an empty set named after
    the experiment, and nothing is rated. With `response_column_id` the answers come from that column of
    the collection: no model is asked for them, LLM config, sampling and `n_epochs` do not count, and
    there
    is one epoch. A row whose cell is empty has a failed response. They need neither a template nor
    prompts in
    rows: the judge then sees the row, the answer and the criteria. The same holds with
    `answers_from_elsewhere`, where all answers are uploaded. A `rating_version` that is not known is
    replaced by the default judge, which the answer then names.

    409 when the project has an experiment of that name. 422 when the parts do not fit together, for
    example a placeholder of the template, or of a criterion, that is no column: the detail names
    placeholder, template or criterion, and columns. 404 names the id that does not exist.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments",
        body=body,
    )
