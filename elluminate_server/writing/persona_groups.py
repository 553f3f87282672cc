"""Persona groups: made, changed, and deleted."""

from collections.abc import Sequence

from elluminate_api import models
from msgspec import UNSET
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.http.problems import Invalid, NotFound
from elluminate_server.reading.finding import find_persona_group
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import Experiment, Persona, PersonaGroup, PersonaGroupMember
from elluminate_server.writing.deleting import hide_or_delete
from elluminate_server.writing.naming import refuse_taken

__all__ = ["add_persona_group", "change_persona_group", "delete_persona_group"]


async def add_persona_group(
    session: AsyncSession, project_id: int, request: models.CreatePersonaGroupRequest
) -> PersonaGroup:
    """A group with its personas, in one step.

    Raises:
        Taken: The project has one of that name.
        NotFound: There is no such persona.
        Invalid: One is named twice.
    """
    await _refuse_taken(session, project_id, request.name)
    row = PersonaGroup(project_id=project_id, name=request.name, description=request.description)
    session.add(row)
    await session.flush()
    await _fill(session, row, request.persona_ids)
    return row


async def change_persona_group(
    session: AsyncSession, project_id: int, group_id: int, request: models.UpdatePersonaGroupRequest
) -> PersonaGroup:
    """Name, description, and the complete list of personas; what is absent stays.

    Raises:
        NotFound: There is no such group, or persona.
        Taken: The project has another group of that name.
        Invalid: A persona is named twice.
    """
    row = await find_persona_group(session, project_id, group_id)
    if request.name is not UNSET and request.name != row.name:
        await _refuse_taken(session, project_id, request.name)
        row.name = request.name
    if request.description is not UNSET:
        row.description = request.description
    if request.persona_ids is not UNSET:
        await session.execute(delete(PersonaGroupMember).where(PersonaGroupMember.persona_group_id == row.id))
        await _fill(session, row, request.persona_ids)
        row.updated_at = utc_now()
    await session.flush()
    return row


async def delete_persona_group(session: AsyncSession, project_id: int, group_id: int) -> None:
    """Hide a group that experiments use, delete any other.

    Raises:
        NotFound: There is no such group.
    """
    row = await find_persona_group(session, project_id, group_id)
    await hide_or_delete(session, row, select(Experiment.id).where(Experiment.persona_group_id == row.id))


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
