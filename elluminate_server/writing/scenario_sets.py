"""Scenario sets: which may be changed, and what fields their scenarios have."""

from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.scenarios import BUILT_IN_FIELDS
from elluminate_server.http.problems import Conflict
from elluminate_server.reading.finding import find_scenario_set
from elluminate_server.reading.loading import columns_of
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import Collection

__all__ = ["fields_of", "find_changeable_set"]


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


async def fields_of(session: AsyncSession, scenario_set: Collection) -> dict[str, str]:
    """Declared field to its default, in order."""
    return {
        column.name: column.default_value
        for column in await columns_of(session, scenario_set.id)
        if column.name not in BUILT_IN_FIELDS
    }
