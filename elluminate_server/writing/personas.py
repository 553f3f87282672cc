"""Personas: made, changed by a next version, and deleted."""

from typing import Any

from elluminate_api import models
from msgspec import UNSET
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.http.problems import Conflict
from elluminate_server.reading.finding import find_persona
from elluminate_server.reading.personas import find_newest
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
from elluminate_server.writing.naming import refuse_taken

__all__ = ["add_persona", "change_persona", "delete_persona"]


async def add_persona(
    session: AsyncSession, project_id: int, request: models.CreatePersonaRequest
) -> tuple[Persona, PersonaVersion]:
    """A persona in its first version.

    Raises:
        Taken: The project has one of that name.
    """
    await _refuse_taken(session, project_id, request.name)
    row = Persona(project_id=project_id, name=request.name)
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
    return row, version


async def change_persona(
    session: AsyncSession, project_id: int, persona_id: int, request: models.UpdatePersonaRequest
) -> tuple[Persona, PersonaVersion]:
    """A new name, and the next version when anything else changes.

    Raises:
        NotFound: There is no such persona.
        Taken: The project has another one of that name.
    """
    row = await find_persona(session, project_id, persona_id)
    if request.name is not UNSET and request.name != row.name:
        await _refuse_taken(session, project_id, request.name)
        row.name = request.name
    version = await find_newest(session, row)
    description = version.description if request.description is UNSET else request.description
    knowledge = (
        version.domain_knowledge if request.domain_knowledge is UNSET else request.domain_knowledge or None
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
    return row, version


async def delete_persona(session: AsyncSession, project_id: int, persona_id: int) -> None:
    """Hide a persona that held conversations, delete any other.

    Raises:
        NotFound: There is no such persona.
        Conflict: A group has it.
    """
    row = await find_persona(session, project_id, persona_id)
    groups = await session.scalars(
        select(PersonaGroup.name)
        .join(PersonaGroupMember, PersonaGroupMember.persona_group_id == PersonaGroup.id)
        .where(PersonaGroupMember.persona_id == row.id, PersonaGroup.deleted_at.is_(None))
        .order_by(PersonaGroup.id)
    )
    names = groups.all()
    if names:
        first = ", ".join(repr(name) for name in names[:5]) + (", …" if len(names) > 5 else "")
        found = f"Persona {row.name!r} is in {len(names)} persona group(s): {first}."
        raise Conflict(
            f"{found} Take it out of them first, with update_persona_group().",
            in_browser=f"{found} Open each of them, untick the persona there and save; then delete it.",
        )
    await hide_or_delete(session, row, *_uses(row))


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
