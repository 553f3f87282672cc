"""Simulated users: personas, groups, scenarios, and the conversations that they have with a model."""

from __future__ import annotations

from typing import Any

from elluminate_api.models import CollectionColumn, ColumnType

from elluminate import ConflictError, NotFoundError, ValidationError
from elluminate.schemas import ScenarioIn
from tests.congruence.caller import Caller


async def conversations(call: Caller) -> None:
    """Who talks about what, and what comes of it."""
    group = await _personas(call)
    lessons = await _scenarios(call)
    tutor = await call.do(
        "create_prompt_template",
        "Tutor",
        messages=[{"role": "system", "content": "You teach in year {{year}}. Be kind."}],
    )
    quality = await call.do("create_criterion_set", "Of talks", ["Is it about {{goal}}?", "Is it polite?"])
    talks = await call.do(
        "create_experiment",
        "Talks",
        tutor,
        criterion_set=quality,
        evaluation_mode="MULTI_TURN",
        persona_group_id=group.id,
        scenario_set=lessons,
    )
    await call.of(talks, "run", n_epochs=2)
    held = {(one.persona.name, one.persona.version, one.epoch) for one in talks.responses()}
    assert held == {("Ada", 2, 1), ("Ada", 2, 2), ("Kurt", 1, 1), ("Kurt", 1, 2)}
    assert {one.termination_reason for one in talks.responses()} == {"persona_ended"}
    await call.do("get_experiment", name="Talks")
    overview = await call.do("get_experiment_map", talks)
    call.note("who the map names", [sample.persona for sample in overview.samples])
    await call.do("list_response_samples", talks)
    await call.of(talks, "clone", "Cloned talks", raises=ValidationError)
    await _about_rows(call, group)
    await call.do("delete_persona_group", group)
    await call.do("get_persona_group", id=group.id, raises=NotFoundError)
    await call.do("delete_persona", group.personas[0])
    await call.do("delete_scenario_set", lessons)
    await call.do("get_experiment", id=talks.id)


async def _personas(call: Caller) -> Any:
    ada = await call.do("create_persona", "Ada", "Curious.")
    await call.do("create_persona", "Ada", "Another.", raises=ConflictError)
    ada = await call.do("update_persona", ada, description="Curious, asks back.")
    kurt, _ = await call.do(
        "get_or_create_persona",
        "Kurt",
        {"description": "Impatient.", "domain_knowledge": "Reads sea charts."},
    )
    await call.do("get_or_create_persona", "Kurt")
    await call.do("get_persona", name="Ada", version=1)
    await call.do("get_persona", id=ada.id)
    await call.do("get_persona", name="Nobody", raises=NotFoundError)
    await call.do("list_personas")
    group = await call.do("create_persona_group", "Pupils", [ada], "Who asks")
    group = await call.do("update_persona_group", group, personas=[ada, kurt])
    await call.do("get_or_create_persona_group", "Pupils")
    await call.do("get_persona_group", name="Pupils")
    await call.do("get_persona_group", id=group.id)
    await call.do("list_persona_groups")
    await call.do("delete_persona", ada, raises=ConflictError)
    return group


async def _scenarios(call: Caller) -> Any:
    lessons = await call.do("create_scenario_set", "Lessons", "What is taught", fields=["year"])
    mood = await call.of(lessons, "add_field", "mood", "calm")
    temper = await call.of(lessons, "rename_field", mood, "temper")
    rain = ScenarioIn(
        goal="Understand rain", expected_conversation_outcome="Can explain clouds", field_values={"year": "5"}
    )
    tides = {"goal": "Understand tides", "expected_conversation_outcome": "Can name the moon"}
    added = await call.of(lessons, "add_scenarios", [rain, tides, tides], skip_existing=True)
    first = await call.of(lessons, "get_scenario", added[0].id)
    first.goal = "Understand clouds"
    await call.of(lessons, "update_scenario", first)
    await call.of(lessons, "delete_scenario", added[1])
    await call.of(lessons, "delete_field", temper)
    await call.of(lessons, "list_scenarios")
    await call.do("get_or_create_scenario_set", "Lessons")
    await call.do("get_scenario_set", id=lessons.id)
    await call.do("update_scenario_set", lessons, description="What is taught in school")
    await call.do("list_scenario_sets", name_search="less")
    return lessons


async def _about_rows(call: Caller, group: Any) -> None:
    """Conversations about the rows of a collection, without a template or criteria, and one from elsewhere."""
    columns = ["place", CollectionColumn(name="wish", column_type=ColumnType.PERSONA_GOAL)]
    rows = [{"place": "a shop", "wish": "Return a lamp"}]
    wishes = await call.do("create_collection", "Wishes", columns=columns, variables=rows)
    quality = await call.do("create_criterion_set", "Of wishes", ["Is it about a lamp?"])
    talks = await call.do(
        "create_experiment",
        "Wishes",
        None,
        wishes,
        criterion_set=quality,
        evaluation_mode="MULTI_TURN",
        persona_group_id=group.id,
    )
    transcript = [
        {"role": "user", "content": "The lamp is broken."},
        {"role": "assistant", "content": "Here is another lamp."},
    ]
    await call.of(talks, "run")
    await call.of(talks, "add_responses", [transcript], [wishes.variables[0]], epoch=2)
    await call.of(talks, "rate_responses")
