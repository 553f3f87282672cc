"""Scenario sets and scenarios as the contract shows them."""

from collections.abc import Mapping, Sequence

from elluminate_api import models
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.scenarios import BUILT_IN_FIELDS, GOAL, OUTCOME
from elluminate_server.reading.loading import columns_of
from elluminate_server.store.tables import Collection, CollectionColumn, Entry

__all__ = ["fields_of", "load_scenario_sets", "present_field", "present_scenario"]


async def fields_of(session: AsyncSession, scenario_set: Collection) -> dict[str, str]:
    """Declared field to its default, in order."""
    return {
        column.name: column.default_value
        for column in await columns_of(session, scenario_set.id)
        if column.name not in BUILT_IN_FIELDS
    }


async def load_scenario_sets(session: AsyncSession, rows: Sequence[Collection]) -> list[models.ScenarioSet]:
    """Sets with their fields, and how many scenarios each has."""
    ids = [row.id for row in rows]
    fields: dict[int, list[models.ScenarioField]] = {}
    for column in await session.scalars(
        select(CollectionColumn)
        .where(CollectionColumn.collection_id.in_(ids), CollectionColumn.name.not_in([GOAL, OUTCOME]))
        .order_by(CollectionColumn.position, CollectionColumn.id)
    ):
        fields.setdefault(column.collection_id, []).append(present_field(column))
    counted = await session.execute(
        select(Entry.collection_id, func.count())
        .where(Entry.collection_id.in_(ids), Entry.deleted_at.is_(None))
        .group_by(Entry.collection_id)
    )
    counts: dict[int, int] = {row[0]: row[1] for row in counted}
    return [
        models.ScenarioSet(
            id=row.id,
            name=row.name,
            description=row.description,
            fields=fields.get(row.id, []),
            scenarios_count=counts.get(row.id, 0),
            version=None,
            read_only=row.read_only,
            is_platform_builtin=False,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


def present_field(row: CollectionColumn) -> models.ScenarioField:
    """A declared field."""
    return models.ScenarioField(
        id=row.id, name=row.name, field_type=row.column_type, default_value=row.default_value
    )


def present_scenario(row: Entry, fields: Mapping[str, str]) -> models.Scenario:
    """A scenario.

    Args:
        row: Its row.
        fields: Declared field to its default, in order.
    """
    return models.Scenario(
        id=row.id,
        goal=row.input_values[GOAL],
        expected_conversation_outcome=row.input_values[OUTCOME],
        field_values={name: row.input_values.get(name, default) for name, default in fields.items()},
        created_at=row.created_at,
    )
