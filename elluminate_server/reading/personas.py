"""Personas as the contract shows them."""

from collections.abc import Iterable, Sequence

from elluminate_api import models
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.store.tables import Persona, PersonaGroup, PersonaGroupMember, PersonaVersion

__all__ = ["find_newest", "load_persona_groups", "load_persona_versions", "load_personas", "present_persona"]


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


async def find_newest(session: AsyncSession, row: Persona) -> PersonaVersion:
    """The version of a persona that counts."""
    newest = await session.scalars(
        select(PersonaVersion)
        .where(PersonaVersion.persona_id == row.id)
        .order_by(PersonaVersion.version.desc())
        .limit(1)
    )
    return newest.one()


async def load_persona_groups(
    session: AsyncSession, rows: Sequence[PersonaGroup]
) -> list[models.PersonaGroup]:
    """Groups with their personas, as the contract shows them."""
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
