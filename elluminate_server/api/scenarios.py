"""Scenarios of a set: what a simulated user wants, and how the conversation should end."""

from collections.abc import Sequence

from elluminate_api import models
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.reading.finding import see_scenario, see_scenario_set
from elluminate_server.reading.scenario_sets import fields_of, present_scenario
from elluminate_server.store.tables import Collection, Entry
from elluminate_server.writing.cells import identity
from elluminate_server.writing.entries import add_entries
from elluminate_server.writing.scenario_sets import find_changeable_set
from elluminate_server.writing.scenarios import add_scenario, replace_scenario, stored_scenario
from elluminate_server.writing.scenarios import delete_scenario as erase_scenario


@operation("list_scenarios")
async def list_scenarios(call: Call) -> Answer:
    """In order of creation."""
    async with call.read() as session:
        scenario_set = await see_scenario_set(session, call.project_id, call.path["scenario_set_id"])
        live = select(Entry).where(Entry.collection_id == scenario_set.id, Entry.deleted_at.is_(None))
        rows, count = await page_of(call, session, live, Entry.id)
        fields = await fields_of(session, scenario_set)
        return call.answer(paged([present_scenario(row, fields) for row in rows], count))


@operation("get_scenario")
async def get_scenario(call: Call) -> Answer:
    """One scenario."""
    async with call.read() as session:
        scenario_set = await see_scenario_set(session, call.project_id, call.path["scenario_set_id"])
        row = await see_scenario(session, scenario_set.id, call.path["scenario_id"])
        return call.answer(present_scenario(row, await fields_of(session, scenario_set)))


@operation("create_scenario")
async def create_scenario(call: Call) -> Answer:
    """One more scenario."""
    request = call.decode(models.ScenarioIn)
    async with call.write() as session:
        added = await add_scenario(session, call.project_id, call.path["scenario_set_id"], request)
        return call.answer(present_scenario(*added))


@operation("create_scenarios_batch")
async def create_scenarios_batch(call: Call) -> Answer:
    """All of them or none; those that exist are left out when asked to."""
    request = call.decode(models.ScenarioBatchRequest)
    async with call.write() as session:
        scenario_set = await find_changeable_set(session, call.project_id, call.path["scenario_set_id"])
        fields = await fields_of(session, scenario_set)
        wanted = [
            stored_scenario(scenario, fields, f"$.scenarios[{index}]")
            for index, scenario in enumerate(request.scenarios)
        ]
        if request.skip_existing:
            wanted = await _find_unseen(session, scenario_set, wanted)
        rows = await add_entries(session, scenario_set.id, [(dict(values), None) for values in wanted])
        return call.answer([present_scenario(row, fields) for row in rows])


@operation("update_scenario")
async def update_scenario(call: Call) -> Answer:
    """The scenario in place of the former one; fields that are left out go back to their default."""
    request = call.decode(models.ScenarioIn)
    async with call.write() as session:
        replaced = await replace_scenario(
            session, call.project_id, call.path["scenario_set_id"], call.path["scenario_id"], request
        )
        return call.answer(present_scenario(*replaced))


@operation("delete_scenario")
async def delete_scenario(call: Call) -> Answer:
    """One scenario; conversations about it stay readable."""
    async with call.write() as session:
        await erase_scenario(session, call.project_id, call.path["scenario_set_id"], call.path["scenario_id"])
        return call.answer()


async def _find_unseen(
    session: AsyncSession, scenario_set: Collection, wanted: Sequence[dict[str, str]]
) -> list[dict[str, str]]:
    known = set(
        await session.scalars(
            select(Entry.identity).where(Entry.collection_id == scenario_set.id, Entry.deleted_at.is_(None))
        )
    )
    unseen = []
    for values in wanted:
        digest = identity(values, None)
        if digest not in known:
            known.add(digest)
            unseen.append(values)
    return unseen
