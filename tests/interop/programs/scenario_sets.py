"""Scenario sets: created, given fields and scenarios, changed, looked up, listed, deleted."""

from calling import Caller, main

from elluminate import APIError, ScenarioIn


async def program(call: Caller):
    created = await call.do("create_scenario_set", name="Support", description="Calls", fields=["product"])
    invented = await call.do("create_scenario_set")
    field = await call.of(created, "add_field", name="mood", default_value="calm")
    renamed = await call.of(created, "rename_field", field, name="temper")
    call.note(
        "fields",
        [[one.name for one in created.fields], field.default_value, renamed.name, renamed.default_value],
    )
    call.note("named", bool(invented.name))

    one = ScenarioIn(
        goal="Get a refund", expected_conversation_outcome="Refunded", field_values={"product": "lamp"}
    )
    two = {"goal": "Cancel", "expected_conversation_outcome": "Cancelled"}
    added = await call.of(created, "add_scenarios", [one, two])
    again = await call.of(
        created, "add_scenarios", [two, two, {**two, "goal": "Complain"}], skip_existing=True
    )
    call.note("added", [[scenario.goal for scenario in batch] for batch in (added, again)])
    first = await call.of(created, "get_scenario", added[0].id)
    call.note("values", first.field_values)
    first.goal = "Get half of it back"
    changed = await call.of(created, "update_scenario", first)
    listed = await call.of(created, "list_scenarios")
    await call.of(created, "delete_scenario", added[1])
    await call.of(created, "delete_field", renamed)
    left = await call.of(created, "list_scenarios")
    named = await call.do("get_scenario_set", name="Support")
    by_id = await call.do("get_scenario_set", id=created.id)
    found = await call.do("list_scenario_sets", name_search="supp")
    everything = await call.do("list_scenario_sets")
    call.note("changed", changed.goal)
    call.note("listed", [sorted(scenario.goal for scenario in batch) for batch in (listed, left)])
    call.note("read", [[field.name for field in read.fields] for read in (named, by_id)])
    call.note("count", by_id.scenarios_count)
    call.note("found", [[one.name for one in found], len(everything)])
    await call.refused(APIError, "create_scenario_set", name="Support")
    await call.do("delete_scenario_set", invented)
    await call.do("delete_scenario_set", created)
    await call.refused(ValueError, "get_scenario_set", name="Support")


main(program)
