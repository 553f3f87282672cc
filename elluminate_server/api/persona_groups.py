"""Persona groups: who talks in a multi-turn experiment."""

from elluminate_api import models

from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.reading.finding import see_persona_group
from elluminate_server.reading.personas import load_persona_groups
from elluminate_server.store.tables import PersonaGroup
from elluminate_server.writing.naming import of_project
from elluminate_server.writing.persona_groups import add_persona_group, change_persona_group
from elluminate_server.writing.persona_groups import delete_persona_group as erase_persona_group


@operation("list_persona_groups")
async def list_persona_groups(call: Call) -> Answer:
    """In order of creation, with their personas."""
    live = of_project(PersonaGroup, call.project_id, call.query["name"])
    async with call.read() as session:
        rows, count = await page_of(call, session, live, PersonaGroup.id)
        return call.answer(paged(await load_persona_groups(session, rows), count))


@operation("create_persona_group")
async def create_persona_group(call: Call) -> Answer:
    """A group with its personas, in one step."""
    request = call.decode(models.CreatePersonaGroupRequest)
    async with call.write() as session:
        row = await add_persona_group(session, call.project_id, request)
        return call.answer((await load_persona_groups(session, [row]))[0])


@operation("get_persona_group")
async def get_persona_group(call: Call) -> Answer:
    """One group with its personas."""
    async with call.read() as session:
        row = await see_persona_group(session, call.project_id, call.path["persona_group_id"])
        return call.answer((await load_persona_groups(session, [row]))[0])


@operation("update_persona_group")
async def update_persona_group(call: Call) -> Answer:
    """Name, description, and the complete list of personas."""
    request = call.decode(models.UpdatePersonaGroupRequest)
    async with call.write() as session:
        row = await change_persona_group(session, call.project_id, call.path["persona_group_id"], request)
        return call.answer((await load_persona_groups(session, [row]))[0])


@operation("delete_persona_group")
async def delete_persona_group(call: Call) -> Answer:
    """Hide a group that experiments use, delete any other."""
    async with call.write() as session:
        await erase_persona_group(session, call.project_id, call.path["persona_group_id"])
        return call.answer()
