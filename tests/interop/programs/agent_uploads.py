"""Results of agents as every version that has agents uploads them: by name, with messages, nothing evaluated."""

from calling import Caller, main

from elluminate import AgentTrialResult


async def program(call: Caller):
    rows = [{"task": f"task-{number}", "instruction": f"Solve number {number}."} for number in (1, 2)]
    collection = await call.do(
        "create_collection",
        name="Tasks",
        columns=["task", "instruction"],
        variables=rows,
        collection_type="AGENTIC",
    )
    quality = await call.do("create_criterion_set", name="Quality", criteria=["Is it solved?"])
    experiment = await call.do(
        "create_experiment",
        name="Agents",
        prompt_template=None,
        collection=collection,
        criterion_set=quality,
        evaluation_mode="AGENTIC",
    )
    trials = [
        AgentTrialResult(
            task_name=row["task"], messages=[{"role": "assistant", "content": "Solved."}], reward=1.0
        )
        for row in rows
    ]
    # Older versions have the caller say which column names the tasks.
    column = {} if call.level >= (1, 5) else {"task_name_column": "task"}
    uploaded = await call.do("upload_agent_results", experiment=experiment, results=trials, **column)
    read = await call.do("get_experiment", id=experiment.id)
    call.note("uploaded", [uploaded.created_responses, uploaded.errors])
    call.note("read", sorted(response.response_str for response in read.rated_responses))


main(program)
