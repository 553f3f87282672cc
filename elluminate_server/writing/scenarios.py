"""Scenarios of a set: added, replaced, and deleted."""

from collections.abc import Mapping

from elluminate_api import models
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.scenarios import scenario_values
from elluminate_server.reading.finding import find_scenario
from elluminate_server.reading.scenario_sets import fields_of
from elluminate_server.store.tables import Entry
from elluminate_server.writing.cells import identity
from elluminate_server.writing.entries import add_entries, delete_entries
from elluminate_server.writing.scenario_sets import find_changeable_set

__all__ = ["add_scenario", "delete_scenario", "replace_scenario", "stored_scenario"]


async def add_scenario(
    session: AsyncSession, project_id: int, set_id: int, request: models.ScenarioIn
) -> tuple[Entry, Mapping[str, str]]:
    """One more scenario, and the fields of its set.

    Raises:
        NotFound: There is no such set.
        Conflict: It is read-only.
        DomainError: Goal or outcome is only blanks, or a field is not declared.
    """
    scenario_set = await find_changeable_set(session, project_id, set_id)
    fields = await fields_of(session, scenario_set)
    (row,) = await add_entries(session, scenario_set.id, [(stored_scenario(request, fields, "$"), None)])
    return row, fields


async def replace_scenario(
    session: AsyncSession, project_id: int, set_id: int, scenario_id: int, request: models.ScenarioIn
) -> tuple[Entry, Mapping[str, str]]:
    """The scenario in place of the former one, and the fields of its set; those that are left out go back to their
    default.

    Raises:
        NotFound: There is no such set, or scenario.
        Conflict: The set is read-only.
        DomainError: Goal or outcome is only blanks, or a field is not declared.
    """
    scenario_set = await find_changeable_set(session, project_id, set_id)
    row = await find_scenario(session, scenario_set.id, scenario_id)
    fields = await fields_of(session, scenario_set)
    row.input_values = stored_scenario(request, fields, "$")
    row.identity = identity(row.input_values, None)
    return row, fields


async def delete_scenario(session: AsyncSession, project_id: int, set_id: int, scenario_id: int) -> None:
    """One scenario; conversations about it stay readable.

    Raises:
        NotFound: There is no such set, or scenario.
        Conflict: The set is read-only.
    """
    scenario_set = await find_changeable_set(session, project_id, set_id)
    row = await find_scenario(session, scenario_set.id, scenario_id)
    await delete_entries(session, Entry.id == row.id)


def stored_scenario(request: models.ScenarioIn, fields: Mapping[str, str], where: str) -> dict[str, str]:
    """A scenario as it is stored; see `domain.scenarios.scenario_values`."""
    return scenario_values(
        request.goal, request.expected_conversation_outcome, request.field_values, fields, where
    )
