"""Personas: simulated users, in versions that are never edited."""

from collections.abc import Iterable
from typing import Any

from elluminate_api import models
from msgspec import UNSET
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.api.deleting import hide_or_delete
from elluminate_server.api.finding import find_persona
from elluminate_server.api.http import Answer, Call, operation
from elluminate_server.api.naming import of_project, refuse_taken
from elluminate_server.api.pages import page_of, paged
from elluminate_server.api.problems import Conflict, NotFound
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import (
    Persona,
    PersonaGroup,
    PersonaGroupMember,
    PersonaVersion,
    Response,
    WorkItem,
)

__all__ = ["load_persona_versions", "load_personas"]


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
        return call.answer(_presented(row, version))


@operation("get_persona")
async def get_persona(call: Call) -> Answer:
    """The newest version, or another one."""
    wanted = call.query["version"]
    async with call.read() as session:
        row = await find_persona(session, call.project_id, call.path["persona_id"])
        if wanted is None:
            return call.answer(_presented(row, await _newest(session, row)))
        version = await session.scalar(
            select(PersonaVersion).where(
                PersonaVersion.persona_id == row.id, PersonaVersion.version == wanted
            )
        )
        if version is None:
            raise NotFound(f"persona {row.id} in version", wanted)
        return call.answer(_presented(row, version))


@operation("update_persona")
async def update_persona(call: Call) -> Answer:
    """A new name, and the next version when anything else changes."""
    request = call.decode(models.UpdatePersonaRequest)
    async with call.write() as session:
        row = await find_persona(session, call.project_id, call.path["persona_id"])
        if request.name is not UNSET and request.name != row.name:
            await _refuse_taken(session, call.project_id, request.name)
            row.name = request.name
        version = await _newest(session, row)
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
        return call.answer(_presented(row, version))


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
            some = ", ".join(repr(name) for name in names[:5]) + (", …" if len(names) > 5 else "")
            raise Conflict(
                f"Persona {row.name!r} is in {len(names)} persona group(s): {some}. Take it out of them first."
            )
        await hide_or_delete(session, row, *_uses(row))
        return call.answer()


async def load_personas(session: AsyncSession, ids: Iterable[int]) -> dict[int, models.Persona]:
    """Personas by id, each in its newest version."""
    wanted = set(ids)
    newest = (
        select(PersonaVersion.persona_id, func.max(PersonaVersion.version).label("version"))
        .where(PersonaVersion.persona_id.in_(wanted))
        .group_by(PersonaVersion.persona_id)
        .subquery()
    )
    found = await session.execute(
        select(Persona, PersonaVersion)
        .join(newest, newest.c.persona_id == Persona.id)
        .join(
            PersonaVersion,
            (PersonaVersion.persona_id == Persona.id) & (PersonaVersion.version == newest.c.version),
        )
    )
    return {row[0].id: _presented(row[0], row[1]) for row in found}


async def load_persona_versions(
    session: AsyncSession, version_ids: Iterable[int]
) -> dict[int, models.PersonaMinimal]:
    """Who held a conversation, by the id of the version; deleted personas included."""
    wanted = set(version_ids)
    if not wanted:
        return {}
    found = await session.execute(
        select(PersonaVersion.id, Persona.id, Persona.name, PersonaVersion.version)
        .join(Persona, Persona.id == PersonaVersion.persona_id)
        .where(PersonaVersion.id.in_(wanted))
    )
    return {row[0]: models.PersonaMinimal(id=row[1], name=row[2], version=row[3]) for row in found}


async def _newest(session: AsyncSession, row: Persona) -> PersonaVersion:
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


def _presented(row: Persona, version: PersonaVersion) -> models.Persona:
    return models.Persona(
        id=row.id,
        name=row.name,
        version=version.version,
        description=version.description,
        domain_knowledge=version.domain_knowledge,
        created_at=version.created_at,
        updated_at=row.updated_at,
    )
