"""Personas: simulated users, in versions that are never edited."""

from elluminate_api import models
from sqlalchemy import select

from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import NotFound
from elluminate_server.reading.finding import see_persona
from elluminate_server.reading.personas import find_newest, load_personas, present_persona
from elluminate_server.store.tables import Persona, PersonaVersion
from elluminate_server.writing.naming import of_project
from elluminate_server.writing.personas import add_persona, change_persona
from elluminate_server.writing.personas import delete_persona as erase_persona


@operation("list_personas")
async def list_personas(call: Call) -> Answer:
    """In order of creation, each in its newest version."""
    live = of_project(Persona, call.project_id, call.query["name"])
    async with call.read() as session:
        rows, count = await page_of(call, session, live, Persona.id)
        loaded = await load_personas(session, [row.id for row in rows])
        return call.answer(paged([loaded[row.id] for row in rows], count))


@operation("create_persona")
async def create_persona(call: Call) -> Answer:
    """A persona in its first version."""
    request = call.decode(models.CreatePersonaRequest)
    async with call.write() as session:
        return call.answer(present_persona(*await add_persona(session, call.project_id, request)))


@operation("get_persona")
async def get_persona(call: Call) -> Answer:
    """The newest version, or another one."""
    wanted = call.query["version"]
    async with call.read() as session:
        row = await see_persona(session, call.project_id, call.path["persona_id"])
        if wanted is None:
            return call.answer(present_persona(row, await find_newest(session, row)))
        version = await session.scalar(
            select(PersonaVersion).where(
                PersonaVersion.persona_id == row.id, PersonaVersion.version == wanted
            )
        )
        if version is None:
            raise NotFound(f"persona {row.id} in version", wanted)
        return call.answer(present_persona(row, version))


@operation("update_persona")
async def update_persona(call: Call) -> Answer:
    """A new name, and the next version when anything else changes."""
    request = call.decode(models.UpdatePersonaRequest)
    async with call.write() as session:
        changed = await change_persona(session, call.project_id, call.path["persona_id"], request)
        return call.answer(present_persona(*changed))


@operation("delete_persona")
async def delete_persona(call: Call) -> Answer:
    """Hide a persona that held conversations, delete any other; refused while a group has it."""
    async with call.write() as session:
        await erase_persona(session, call.project_id, call.path["persona_id"])
        return call.answer()
