"""Scenario sets: made, changed, and deleted; which may be."""

from elluminate_api import models
from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.scenarios import BUILT_IN_FIELDS, GOAL, check_field_name
from elluminate_server.http.problems import Conflict, Invalid, Taken
from elluminate_server.reading.finding import find_scenario_set
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import Collection, CollectionColumn, Experiment
from elluminate_server.writing.deleting import hide_or_delete
from elluminate_server.writing.naming import free_name, holder_of_name

__all__ = [
    "add_scenario_set",
    "change_scenario_set",
    "check_new_set",
    "delete_scenario_set",
    "find_changeable_set",
]

_TAKEN = 400
"""What the contract answers, as the hosted platform does: its clients tell by it that a set is there."""


async def find_changeable_set(session: AsyncSession, project_id: int, identifier: int) -> Collection:
    """The set, noted as changed now.

    Raises:
        NotFound: There is none.
        Conflict: It is read-only.
    """
    row = await find_scenario_set(session, project_id, identifier)
    if row.read_only:
        raise Conflict(
            f"Scenario set {row.name!r} is read-only: neither it nor its scenarios can be changed. "
            "Create a set of your own with scenarios like these."
        )
    row.updated_at = utc_now()
    return row


def check_new_set(request: models.CreateScenarioSetRequest) -> None:
    """Refuse a set whose fields cannot be.

    Raises:
        DomainError: One is no field name.
        Invalid: One is named twice.
    """
    seen: set[str] = set()
    for index, field in enumerate(request.fields):
        check_field_name(field, f"$.fields[{index}]")
        if field in seen:
            raise Invalid(f"$.fields[{index}]: {field!r} is named twice.")
        seen.add(field)


async def add_scenario_set(
    session: AsyncSession, project_id: int, request: models.CreateScenarioSetRequest
) -> Collection:
    """A set with its fields, in one step; see `check_new_set`.

    Raises:
        Taken: The project has a set or a collection of that name.
    """
    name = request.name or await free_name(session, project_id, Collection, "Scenario set")
    await _refuse_taken(session, project_id, name)
    row = Collection(
        project_id=project_id,
        name=name,
        description=request.description,
        collection_type=models.CollectionType.PERSONA.value,
        is_scenario_set=True,
    )
    session.add(row)
    await session.flush()
    session.add_all(
        CollectionColumn(
            collection_id=row.id,
            name=field,
            column_type=(models.ColumnType.PERSONA_GOAL if field == GOAL else models.ColumnType.TEXT).value,
            default_value="",
            position=position,
        )
        for position, field in enumerate([*BUILT_IN_FIELDS, *request.fields])
    )
    await session.flush()
    return row


async def change_scenario_set(
    session: AsyncSession, project_id: int, set_id: int, request: models.UpdateScenarioSetRequest
) -> Collection:
    """Name and description; what is absent stays.

    Raises:
        NotFound: There is no such set.
        Conflict: It is read-only.
        Taken: The project has another set, or a collection, of that name.
    """
    row = await find_changeable_set(session, project_id, set_id)
    if request.name is not UNSET:
        await _refuse_taken(session, project_id, request.name, other_than=row.id)
        row.name = request.name
    if request.description is not UNSET:
        row.description = request.description
    await session.flush()
    return row


async def delete_scenario_set(session: AsyncSession, project_id: int, set_id: int) -> None:
    """Hide a set that experiments refer to, delete any other with its scenarios.

    Raises:
        NotFound: There is no such set.
        Conflict: It is read-only.
    """
    row = await find_changeable_set(session, project_id, set_id)
    await hide_or_delete(session, row, select(Experiment.id).where(Experiment.collection_id == row.id))


async def _refuse_taken(
    session: AsyncSession, project_id: int, name: str, *, other_than: int | None = None
) -> None:
    taken = await holder_of_name(session, project_id, name)
    if taken is not None and taken.id != other_than:
        kind = "a scenario set" if taken.is_scenario_set else "a collection"
        advice = "Scenario sets and collections share their names: choose another one."
        raise Taken(kind, name, taken.id, advice=advice, status=_TAKEN)
