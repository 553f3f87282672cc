"""Results of agents: matched, uploaded with verdicts or trajectories, in part, evaluated, read."""

from __future__ import annotations

import logging
from typing import Any

from elluminate import PartialUploadError, TaskMatchError
from elluminate.schemas import (
    AgentTrialResult,
    AgentTrialTaskRef,
    ATIFAgent,
    ATIFStep,
    ATIFStepSource,
    ATIFTrajectory,
    CriterionRatingIn,
    RatingValue,
)
from tests.congruence.caller import Caller

TYPED = ATIFTrajectory(
    schema_version="ATIF-v1.7",
    agent=ATIFAgent(name="sorter", version="1"),
    steps=[
        ATIFStep(step_id=1, source=ATIFStepSource.USER, message="Sort."),
        ATIFStep(step_id=2, source=ATIFStepSource.AGENT, message="The file is sorted."),
    ],
)
PLAIN: dict[str, Any] = {
    "schema_version": "ATIF-v1.8",
    "agent": {"name": "counter", "version": "1"},
    "steps": [{"step_id": 1, "source": "agent", "message": "There are 3 lines."}],
}
BROKEN = {**PLAIN, "steps": [{"step_id": 7, "source": "agent", "message": ""}]}


async def agents(call: Caller) -> None:
    """What agents did, from the tasks they had to the verdicts on them."""
    collection = await call.do(
        "create_collection",
        "Tasks",
        collection_type="AGENTIC",
        variables=[
            {"task": "sort", "instruction": "Sort."},
            {"task": "count", "instruction": "Count."},
            {"task": "print", "instruction": "Print."},
        ],
    )
    quality = await call.do("create_criterion_set", "Of agents", ["Did it {{task}}?", "Is it short?"])
    experiment = await call.do(
        "create_experiment",
        "Agents",
        None,
        collection,
        criterion_set=quality,
        evaluation_mode="AGENTIC",
        agent_config={"name": "solver"},
    )
    definition = await call.do("get_agent_results_definition", experiment.id)
    await call.of(experiment, "get_agent_results_definition")
    asked = [AgentTrialTaskRef(task_name="count"), AgentTrialTaskRef(task_name="unknown")]
    await call.of(experiment, "preview_agent_results_matching", asked)
    await call.do("preview_agent_results_matching", experiment.id, asked[:1])
    await _uploads(call, experiment, definition)
    await _parts(call, experiment)
    read = await call.do("get_experiment", name="Agents")
    assert read.dropped_trajectories == 2
    await call.do("get_experiment_map", experiment)
    (counted, *_) = [
        response for response in read.responses() if response.response_text == "There are 3 lines."
    ]
    assert await call.of(counted, "fetch_trajectory") == PLAIN


async def _uploads(call: Caller, experiment: Any, definition: Any) -> None:
    sort = definition.tasks[0]
    verdicts = [
        CriterionRatingIn(criterion_id=criterion.criterion_id, rating=RatingValue.YES, reasoning="It did.")
        for criterion in sort.criteria
    ]
    rated = AgentTrialResult(
        task_id=sort.task_id,
        messages=[{"role": "assistant", "content": "Sorted."}],
        reward=1.0,
        steps=2,
        cost_usd=0.01,
        input_tokens=10,
        output_tokens=5,
        metadata={"run": "a"},
        criterion_ratings=verdicts,
    )
    await call.of(experiment, "upload_agent_results", [rated])
    kept = AgentTrialResult(task_name="print", trajectory=TYPED)
    await call.do("upload_agent_results", experiment.id, [kept], evaluate=False)
    trials = [
        AgentTrialResult(task_name="sort", trajectory=TYPED),
        AgentTrialResult(task_name="count", trajectory=PLAIN, reward=1.0),
    ]
    stored = await call.of(experiment, "upload_agent_results", trials, epoch=2)
    ended = await call.do(
        "wait_for_agent_evaluation", experiment, stored.evaluation_task_id, timeout=30, polling_interval=0.1
    )
    assert ended.is_success
    await call.of(experiment, "wait_for_evaluation", timeout=30)
    stored = await call.of(experiment, "upload_agent_results", trials[1:], epoch=3)
    await call.follow("stream_agent_evaluation", experiment, stored.evaluation_task_id, polling_interval=0.1)


async def _parts(call: Caller, experiment: Any) -> None:
    broken = AgentTrialResult(task_name="sort", trajectory=BROKEN, reward=0.0)
    logging.getLogger("elluminate").disabled = True  # warns of what is stored in part
    try:
        partial = await call.of(experiment, "upload_agent_results", [broken], epoch=4, evaluate=False)
    finally:
        logging.getLogger("elluminate").disabled = False
    assert "trajectory dropped" in partial.errors[0]
    refused = await call.of(
        experiment,
        "upload_agent_results",
        [broken],
        epoch=5,
        evaluate=False,
        raise_on_partial=True,
        raises=PartialUploadError,
    )
    call.note("stored of it", refused.response)
    nobody = AgentTrialResult(task_name="nobody", reward=1.0)
    unmatched = await call.do("upload_agent_results", experiment, [nobody], raises=TaskMatchError)
    call.note("tasks that could be meant", unmatched.accepted_tasks)
