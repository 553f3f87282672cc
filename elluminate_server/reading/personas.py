"""Personas as the contract shows them."""

from collections.abc import Iterable

from elluminate_api import models
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.store.tables import (
    Persona,
    PersonaVersion,
)

__all__ = ["load_persona_versions", "load_personas", "present_persona"]


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
    return {row[0].id: present_persona(row[0], row[1]) for row in found}


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


def present_persona(row: Persona, version: PersonaVersion) -> models.Persona:
    """A persona in one of its versions, as the contract shows it."""
    return models.Persona(
        id=row.id,
        name=row.name,
        version=version.version,
        description=version.description,
        domain_knowledge=version.domain_knowledge,
        created_at=version.created_at,
        updated_at=row.updated_at,
    )
