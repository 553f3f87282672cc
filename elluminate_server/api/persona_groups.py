"""Persona groups: who talks in a multi-turn experiment."""

from collections.abc import Sequence

from elluminate_api import models
from msgspec import UNSET
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Invalid, NotFound
from elluminate_server.reading.finding import find_persona_group, see_persona_group
from elluminate_server.reading.personas import load_personas
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import Experiment, Persona, PersonaGroup, PersonaGroupMember
from elluminate_server.writing.deleting import hide_or_delete
from elluminate_server.writing.naming import of_project, refuse_taken


@operation("list_persona_groups")
async def list_persona_groups(call: Call) -> Answer:
    """In order of creation, with their personas."""
    live = of_project(PersonaGroup, call.project_id, call.query["name"])
    async with call.read() as session:
        rows, count = await page_of(call, session, live, PersonaGroup.id)
        return call.answer(paged(await _load_groups(session, rows), count))


@operation("create_persona_group")
async def create_persona_group(call: Call) -> Answer:
    """A group with its personas, in one step."""
    request = call.decode(models.CreatePersonaGroupRequest)
    async with call.write() as session:
        await _refuse_taken(session, call.project_id, request.name)
        row = PersonaGroup(project_id=call.project_id, name=request.name, description=request.description)
        session.add(row)
        await session.flush()
        await _fill(session, row, request.persona_ids)
        return call.answer((await _load_groups(session, [row]))[0])


@operation("get_persona_group")
async def get_persona_group(call: Call) -> Answer:
    """One group with its personas."""
    async with call.read() as session:
        row = await see_persona_group(session, call.project_id, call.path["persona_group_id"])
        return call.answer((await _load_groups(session, [row]))[0])


@operation("update_persona_group")
async def update_persona_group(call: Call) -> Answer:
    """Name, description, and the complete list of personas."""
    request = call.decode(models.UpdatePersonaGroupRequest)
    async with call.write() as session:
        row = await find_persona_group(session, call.project_id, call.path["persona_group_id"])
        if request.name is not UNSET and request.name != row.name:
            await _refuse_taken(session, call.project_id, request.name)
            row.name = request.name
        if request.description is not UNSET:
            row.description = request.description
        if request.persona_ids is not UNSET:
            await session.execute(
                delete(PersonaGroupMember).where(PersonaGroupMember.persona_group_id == row.id)
            )
            await _fill(session, row, request.persona_ids)
            row.updated_at = utc_now()
        await session.flush()
        return call.answer((await _load_groups(session, [row]))[0])


@operation("delete_persona_group")
async def delete_persona_group(call: Call) -> Answer:
    """Hide a group that experiments use, delete any other."""
    async with call.write() as session:
        row = await find_persona_group(session, call.project_id, call.path["persona_group_id"])
        await hide_or_delete(session, row, select(Experiment.id).where(Experiment.persona_group_id == row.id))
        return call.answer()


async def _fill(session: AsyncSession, row: PersonaGroup, persona_ids: Sequence[int]) -> None:
    seen: set[int] = set()
    for index, persona_id in enumerate(persona_ids):
        if persona_id in seen:
            raise Invalid(f"$.persona_ids[{index}]: persona {persona_id} is named twice.")
        seen.add(persona_id)
    known = set(
        await session.scalars(
            select(Persona.id).where(
                Persona.id.in_(seen), Persona.project_id == row.project_id, Persona.deleted_at.is_(None)
            )
        )
    )
    missing = sorted(seen - known)
    if missing:
        raise NotFound("persona", missing)
    session.add_all(
        PersonaGroupMember(persona_group_id=row.id, persona_id=persona_id, position=position)
        for position, persona_id in enumerate(persona_ids)
    )
    await session.flush()


async def _refuse_taken(session: AsyncSession, project_id: int, name: str) -> None:
    await refuse_taken(session, project_id, PersonaGroup, "a persona group", name)


async def _load_groups(session: AsyncSession, rows: Sequence[PersonaGroup]) -> list[models.PersonaGroup]:
    members: dict[int, list[int]] = {row.id: [] for row in rows}
    for group_id, persona_id in await session.execute(
        select(PersonaGroupMember.persona_group_id, PersonaGroupMember.persona_id)
        .where(PersonaGroupMember.persona_group_id.in_(members))
        .order_by(PersonaGroupMember.persona_group_id, PersonaGroupMember.position)
    ):
        members[group_id].append(persona_id)
    personas = await load_personas(
        session, {persona_id for persona_ids in members.values() for persona_id in persona_ids}
    )
    return [
        models.PersonaGroup(
            id=row.id,
            name=row.name,
            description=row.description,
            personas=[personas[persona_id] for persona_id in members[row.id]],
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]
