"""Simulated users that talk with a model: about scenarios, and about the rows of a collection."""

from calling import Caller, main

from elluminate.schemas import CollectionColumn, ColumnTypeEnum


def told(experiment):
    """Who spoke how, in what order, and how it ended, for each conversation."""
    held = sorted(experiment.rated_responses, key=lambda response: (response.epoch, response.id))
    first = [response.messages[0] for response in held]
    return {
        "epochs": [response.epoch for response in held],
        "first": sorted({m["role"] if isinstance(m, dict) else m.role for m in first}),
        "ended": sorted({str(response.termination_reason) for response in held}),
        "answered": all(response.response_str for response in held),
        "ratings": sorted({len(response.ratings) for response in held}),
    }


async def program(call: Caller):
    # The published client has no method that makes personas.
    personas = [
        call.ask("POST", "personas", {"name": name, "description": f"{name} asks until it is clear."})
        for name in ("Ada", "Kurt")
    ]
    ids = [persona["id"] for persona in personas]
    group = call.ask("POST", "persona-groups", {"name": "Pupils", "description": "", "persona_ids": ids})

    lessons = await call.do("create_scenario_set", name="Lessons", fields=["year"])
    rain = {"goal": "Understand rain", "expected_conversation_outcome": "Can explain clouds"}
    tides = {"goal": "Understand tides", "expected_conversation_outcome": "Can name the moon"}
    await call.of(lessons, "add_scenarios", [{**rain, "field_values": {"year": "5"}}, tides])
    system = [{"role": "system", "content": "You teach in year {{year}}. Be kind."}]
    tutor = await call.do("create_prompt_template", name="Tutor", messages=system)
    quality = await call.do("create_criterion_set", name="Quality", criteria=["Is it about {{goal}}?"])
    talks = await call.do(
        "create_experiment",
        name="Talks",
        prompt_template=tutor,
        criterion_set=quality,
        description="Lessons",
        evaluation_mode="MULTI_TURN",
        persona_group_id=group["id"],
        scenario_set=lessons,
    )
    await call.of(talks, "run", n_epochs=2)
    read = await call.do("get_experiment", name="Talks")
    call.note("talks", told(talks))
    call.note("read", [told(read) == told(talks), read.collection.name, str(read.evaluation_mode)])

    columns = [
        CollectionColumn(name="place"),
        CollectionColumn(name="wish", column_type=ColumnTypeEnum.PERSONA_GOAL),
    ]
    rows = [{"place": "a shop", "wish": "Return a lamp"}, {"place": "a station", "wish": "Find a train"}]
    wishes = await call.do(
        "create_collection", name="Wishes", columns=columns, variables=rows, collection_type="PERSONA"
    )
    helpful = await call.do("create_criterion_set", name="Help", criteria=["Did they get it: {{wish}}?"])
    about_rows = await call.do(
        "create_experiment",
        name="Wishes",
        prompt_template=None,
        collection=wishes,
        criterion_set=helpful,
        evaluation_mode="MULTI_TURN",
        persona_group_id=group["id"],
    )
    call.note("columns", [str(column.column_type.value) for column in wishes.columns])
    await call.of(about_rows, "run")
    call.note("about rows", told(about_rows))
    transcript = [
        {"role": "user", "content": "The lamp is broken."},
        {"role": "assistant", "content": "Here is another one."},
    ]
    added = await call.of(
        about_rows,
        "add_responses",
        responses=[transcript],
        template_variables=[wishes.variables[0]],
        epoch=2,
    )
    await call.of(about_rows, "rate_responses", prompt_responses=added)
    call.note("from elsewhere", [response.response_str for response in added])
    await call.refused_of(ValueError, talks, "clone", name="Cloned")
    compared = await call.do("list_comparison_samples", experiment_a=talks, experiment_b=talks)
    call.note("compared", sorted(len(sample.prompt_response_ids) for sample in compared))
    await call.do("delete_experiment", talks)
    await call.do("delete_scenario_set", lessons)


main(program)
