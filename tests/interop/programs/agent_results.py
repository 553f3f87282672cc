"""Results of agents that ran elsewhere: matched, uploaded with ratings or trajectories, evaluated, read."""

from calling import Caller, main

from elluminate import (
    AgentTrialResult,
    AgentTrialTaskRef,
    ATIFAgent,
    ATIFStep,
    ATIFTrajectory,
    CriterionRatingIn,
    PartialUploadError,
    TaskMatchError,
)


def trajectory(answer: str):
    return ATIFTrajectory(
        schema_version="ATIF-v1.7",
        session_id="session-1",
        agent=ATIFAgent(name="solver", version="1.0", model_name="small"),
        steps=[
            ATIFStep(step_id=1, source="user", message="Solve it."),
            ATIFStep(step_id=2, source="agent", message=answer),
        ],
    )


PLAIN_TRAJECTORY = {
    "schema_version": "ATIF-v1.7",
    "session_id": "session-2",
    "agent": {"name": "solver", "version": "1.0"},
    "steps": [
        {"step_id": 1, "source": "user", "message": "Solve it."},
        {"step_id": 2, "source": "agent", "message": "Solved it, too."},
    ],
}
"""As agents write it: an upload sends it as it is."""

COUNTED = {
    "schema_version": "ATIF-v1.7",
    "session_id": "session-3",
    "agent": {"name": "solver", "version": "1.0"},
    "steps": [
        {"step_id": 1, "source": "user", "message": "Count the lines."},
        {
            "step_id": 2,
            "source": "agent",
            "message": "I look.",
            "tool_calls": [
                {
                    "tool_call_id": "call-1",
                    "function_name": "wc",
                    "arguments": {"file": "a.txt", "lines": True},
                }
            ],
            "observation": {"results": [{"source_call_id": "call-1", "content": "3"}]},
            "metrics": {"prompt_tokens": 10, "completion_tokens": 4, "cost_usd": 0.001},
        },
        {"step_id": 3, "source": "agent", "message": "There are 3."},
    ],
    "final_metrics": {"total_prompt_tokens": 10, "total_completion_tokens": 4, "total_steps": 3},
}
"""With a tool that was called, what it gave back, and what that took."""


async def program(call: Caller):
    rows = [{"task": f"task-{number}", "instruction": f"Solve number {number}."} for number in (1, 2, 3)]
    collection = await call.do(
        "create_collection",
        name="Tasks",
        columns=["task", "instruction"],
        variables=rows,
        collection_type="AGENTIC",
    )
    quality = await call.do(
        "create_criterion_set", name="Quality", criteria=["Is it solved?", "Is it short?"]
    )
    experiment = await call.do(
        "create_experiment",
        name="Agents",
        prompt_template=None,
        collection=collection,
        criterion_set=quality,
        evaluation_mode="AGENTIC",
        agent_config={"name": "solver"},
    )
    definition = await call.do("get_agent_results_definition", experiment=experiment)
    tasks = definition.tasks
    call.note(
        "definition", [definition.version, definition.task_name_column, [task.task_name for task in tasks]]
    )
    call.note("criteria per task", [len(task.criteria) for task in tasks])

    asked = [AgentTrialTaskRef(task_id=tasks[0].task_id), AgentTrialTaskRef(task_name="task-2")]
    preview = await call.of(
        experiment, "preview_agent_results_matching", [*asked, AgentTrialTaskRef(task_name="?")]
    )
    call.note("preview", [preview.matched, preview.unmatched, [match.matched for match in preview.results]])

    rated = AgentTrialResult(
        task_id=tasks[0].task_id,
        messages=[{"role": "user", "content": "Solve it."}, {"role": "assistant", "content": "Solved."}],
        reward=1.0,
        steps=2,
        cost_usd=0.01,
        duration_seconds=2.5,
        input_tokens=10,
        output_tokens=5,
        metadata={"run": "a"},
        criterion_ratings=[
            CriterionRatingIn(criterion_id=criterion.criterion_id, rating="YES", reasoning="It says so.")
            for criterion in tasks[0].criteria
        ],
    )
    uploaded = await call.of(experiment, "upload_agent_results", [rated])
    call.note("uploaded", [uploaded.created_responses, uploaded.created_ratings, uploaded.errors])
    call.note("nothing to evaluate", [uploaded.pending_evaluations, uploaded.evaluation_task_id])

    trial = AgentTrialResult(task_name="task-2", trajectory=trajectory("Solved it."))
    kept = await call.do("upload_agent_results", experiment=experiment, results=[trial], evaluate=False)
    call.note("kept", [kept.created_responses, kept.evaluation_task_id])

    trial = AgentTrialResult(task_name="task-3", trajectory=PLAIN_TRAJECTORY)
    judged = await call.do("upload_agent_results", experiment=experiment, results=[trial])
    call.note("judged", [judged.created_responses, judged.errors, judged.evaluation_task_id is not None])
    last = await call.of(
        experiment, "wait_for_evaluation", task_id=judged.evaluation_task_id, timeout=60, polling_interval=0.2
    )
    call.note("evaluated", [last.status.value, last.is_success])
    over = await call.of(experiment, "wait_for_evaluation", task_id=judged.evaluation_task_id, timeout=60)
    call.note("evaluated before", [over.status.value, over.is_success])
    if call.asynchronous:
        events = await call.follow("stream_agent_evaluation", experiment, task_id=judged.evaluation_task_id)
        call.note("stream of what is over", [events[-1].status.value, events[-1].is_complete])
        judged = await call.do("upload_agent_results", experiment=experiment, results=[trial], epoch=2)
        events = await call.follow(
            "stream_agent_evaluation", experiment, task_id=judged.evaluation_task_id, polling_interval=0.1
        )
        call.note("evaluation stream", [events[-1].status.value, events[-1].is_complete])

    broken = AgentTrialResult(task_name="task-2", trajectory={"schema_version": "ATIF-v1.7", "steps": []})
    partial = await call.do("upload_agent_results", experiment=experiment, results=[broken], epoch=3)
    call.note("partial", [partial.created_responses, "trajectory dropped" in " ".join(partial.errors)])
    refused = await call.refused(
        PartialUploadError,
        "upload_agent_results",
        experiment=experiment,
        results=[broken],
        epoch=4,
        raise_on_partial=True,
    )
    call.note("partial raised", refused.response.created_responses)
    nobody = AgentTrialResult(task_name="nobody", messages=[{"role": "assistant", "content": "?"}])
    unmatched = await call.refused(
        TaskMatchError, "upload_agent_results", experiment=experiment, results=[nobody]
    )
    accepted = [task.task_name for task in unmatched.accepted_tasks]
    call.note("unmatched", [unmatched.accepted_tasks_total, accepted, len(unmatched.reasons)])

    waited = await call.do(
        "wait_for_agent_evaluation", experiment=experiment.id, timeout=60, polling_interval=0.2
    )
    call.note("nothing left to wait for", waited.status.value)
    clone = await call.of(experiment, "clone", name="Agents again")
    again = await call.of(clone, "get_agent_results_definition")
    counted = AgentTrialResult(task_name="task-1", trajectory=COUNTED, reward=0.5)
    await call.of(clone, "upload_agent_results", [counted], evaluate=False)
    read = await call.do("get_experiment", id=clone.id)
    call.note("clone", [str(clone.evaluation_mode), clone.agent_config, len(again.tasks)])
    call.note("counted", [response.response_str for response in read.rated_responses])

    read = await call.do("get_experiment", id=experiment.id)
    first_epoch = [response for response in read.rated_responses if response.epoch == 1]
    call.note(
        "read", [read.dropped_trajectories, len(first_epoch), sorted(len(r.ratings) for r in first_epoch)]
    )


main(program)
