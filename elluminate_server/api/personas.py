"""Personas: simulated users, in versions that are never edited."""

from typing import Any

from elluminate_api import models
from msgspec import UNSET
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Conflict, NotFound
from elluminate_server.reading.finding import find_persona, see_persona
from elluminate_server.reading.personas import load_personas, present_persona
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import (
    Persona,
    PersonaGroup,
    PersonaGroupMember,
    PersonaVersion,
    Response,
    WorkItem,
)
from elluminate_server.writing.deleting import hide_or_delete
from elluminate_server.writing.naming import of_project, refuse_taken


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
        await _refuse_taken(session, call.project_id, request.name)
        row = Persona(project_id=call.project_id, name=request.name)
        session.add(row)
        await session.flush()
        version = PersonaVersion(
            persona_id=row.id,
            version=1,
            description=request.description,
            domain_knowledge=request.domain_knowledge or None,
        )
        session.add(version)
        await session.flush()
        return call.answer(present_persona(row, version))


@operation("get_persona")
async def get_persona(call: Call) -> Answer:
    """The newest version, or another one."""
    wanted = call.query["version"]
    async with call.read() as session:
        row = await see_persona(session, call.project_id, call.path["persona_id"])
        if wanted is None:
            return call.answer(present_persona(row, await _find_newest(session, row)))
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
        row = await find_persona(session, call.project_id, call.path["persona_id"])
        if request.name is not UNSET and request.name != row.name:
            await _refuse_taken(session, call.project_id, request.name)
            row.name = request.name
        version = await _find_newest(session, row)
        description = version.description if request.description is UNSET else request.description
        knowledge = (
            version.domain_knowledge
            if request.domain_knowledge is UNSET
            else request.domain_knowledge or None
        )
        if (description, knowledge) != (version.description, version.domain_knowledge):
            version = PersonaVersion(
                persona_id=row.id,
                version=version.version + 1,
                description=description,
                domain_knowledge=knowledge,
            )
            session.add(version)
            row.updated_at = utc_now()
        await session.flush()
        return call.answer(present_persona(row, version))


@operation("delete_persona")
async def delete_persona(call: Call) -> Answer:
    """Hide a persona that held conversations, delete any other; refused while a group has it."""
    async with call.write() as session:
        row = await find_persona(session, call.project_id, call.path["persona_id"])
        groups = await session.scalars(
            select(PersonaGroup.name)
            .join(PersonaGroupMember, PersonaGroupMember.persona_group_id == PersonaGroup.id)
            .where(PersonaGroupMember.persona_id == row.id, PersonaGroup.deleted_at.is_(None))
            .order_by(PersonaGroup.id)
        )
        names = groups.all()
        if names:
            first = ", ".join(repr(name) for name in names[:5]) + (", …" if len(names) > 5 else "")
            raise Conflict(
                f"Persona {row.name!r} is in {len(names)} persona group(s): {first}. Take it out of them "
                "first, with update_persona_group()."
            )
        await hide_or_delete(session, row, *_uses(row))
        return call.answer()


async def _find_newest(session: AsyncSession, row: Persona) -> PersonaVersion:
    newest = await session.scalars(
        select(PersonaVersion)
        .where(PersonaVersion.persona_id == row.id)
        .order_by(PersonaVersion.version.desc())
        .limit(1)
    )
    return newest.one()


def _uses(row: Persona) -> list[Select[Any]]:
    """What may refer to one of its versions, or to itself: a deleted group may."""
    versions = select(PersonaVersion.id).where(PersonaVersion.persona_id == row.id)
    return [
        select(Response.id).where(Response.persona_version_id.in_(versions)),
        select(WorkItem.id).where(WorkItem.persona_version_id.in_(versions)),
        select(PersonaGroupMember.id).where(PersonaGroupMember.persona_id == row.id),
    ]


async def _refuse_taken(session: AsyncSession, project_id: int, name: str) -> None:
    advice = "Update that one, which makes its next version, or choose another name."
    await refuse_taken(session, project_id, Persona, "a persona", name, advice)
