"""Scenario sets and the fields that their scenarios have."""

from collections.abc import Iterable

from elluminate_api import models
from msgspec import UNSET

from elluminate_server.domain.scenarios import BUILT_IN_FIELDS, check_field_name
from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Conflict
from elluminate_server.reading.finding import find_scenario_field, see_scenario_set
from elluminate_server.reading.loading import columns_of
from elluminate_server.reading.scenario_sets import load_scenario_sets, present_field
from elluminate_server.store.tables import Collection, CollectionColumn
from elluminate_server.writing.naming import of_project
from elluminate_server.writing.scenario_sets import (
    add_scenario_set,
    change_scenario_set,
    check_new_set,
    find_changeable_set,
)
from elluminate_server.writing.scenario_sets import delete_scenario_set as erase_scenario_set
from elluminate_server.writing.stored_rows import rewrite_rows

MAX_FIELDS = 1000


@operation("list_scenario_sets")
async def list_scenario_sets(call: Call) -> Answer:
    """In order of creation, without scenarios."""
    live = of_project(Collection, call.project_id).where(Collection.is_scenario_set.is_(True))
    if call.query["name_search"]:
        live = live.where(Collection.name.icontains(call.query["name_search"], autoescape=True))
    async with call.read() as session:
        rows, count = await page_of(call, session, live, Collection.id)
        return call.answer(paged(await load_scenario_sets(session, rows), count))


@operation("create_scenario_set")
async def create_scenario_set(call: Call) -> Answer:
    """A set with its fields, in one step."""
    request = call.decode(models.CreateScenarioSetRequest)
    check_new_set(request)
    async with call.write() as session:
        row = await add_scenario_set(session, call.project_id, request)
        return call.answer((await load_scenario_sets(session, [row]))[0])


@operation("get_scenario_set")
async def get_scenario_set(call: Call) -> Answer:
    """One set with its fields."""
    async with call.read() as session:
        row = await see_scenario_set(session, call.project_id, call.path["scenario_set_id"])
        return call.answer((await load_scenario_sets(session, [row]))[0])


@operation("update_scenario_set")
async def update_scenario_set(call: Call) -> Answer:
    """Name and description; what is absent stays."""
    request = call.decode(models.UpdateScenarioSetRequest)
    async with call.write() as session:
        row = await change_scenario_set(session, call.project_id, call.path["scenario_set_id"], request)
        return call.answer((await load_scenario_sets(session, [row]))[0])


@operation("delete_scenario_set")
async def delete_scenario_set(call: Call) -> Answer:
    """Hide a set that experiments refer to, delete any other with its scenarios."""
    async with call.write() as session:
        await erase_scenario_set(session, call.project_id, call.path["scenario_set_id"])
        return call.answer()


@operation("add_scenario_field")
async def add_scenario_field(call: Call) -> Answer:
    """A further field; every scenario gets it with its default."""
    request = call.decode(models.AddScenarioFieldRequest)
    check_field_name(request.name, "$.name")
    async with call.write() as session:
        scenario_set = await find_changeable_set(session, call.project_id, call.path["scenario_set_id"])
        columns = await columns_of(session, scenario_set.id)
        _refuse_known(request.name, columns, scenario_set)
        if len(columns) - len(BUILT_IN_FIELDS) >= MAX_FIELDS:
            raise Conflict(f"Scenario set {scenario_set.name!r} has {MAX_FIELDS} fields; that is the most.")
        column = CollectionColumn(
            collection_id=scenario_set.id,
            name=request.name,
            column_type=models.ColumnType.TEXT.value,
            default_value=request.default_value or "",
            position=len(columns),
        )
        session.add(column)
        # Written into each scenario, so that a later default does not change what it says.
        added = {column.name: column.default_value}
        await rewrite_rows(session, scenario_set.id, lambda _, values: {**values, **added})
        await session.flush()
        return call.answer(present_field(column))


@operation("rename_scenario_field")
async def rename_scenario_field(call: Call) -> Answer:
    """Another name, and another default when one is given; values stay."""
    request = call.decode(models.RenameScenarioFieldRequest)
    check_field_name(request.name, "$.name")
    async with call.write() as session:
        scenario_set = await find_changeable_set(session, call.project_id, call.path["scenario_set_id"])
        column = await find_scenario_field(session, scenario_set.id, call.path["field_id"])
        others = [other for other in await columns_of(session, scenario_set.id) if other is not column]
        _refuse_known(request.name, others, scenario_set)
        former, column.name = column.name, request.name
        if request.default_value is not UNSET:
            column.default_value = request.default_value
        if former != request.name:
            await rewrite_rows(
                session,
                scenario_set.id,
                lambda _, values: {
                    request.name if name == former else name: value for name, value in values.items()
                },
            )
        await session.flush()
        return call.answer(present_field(column))


@operation("delete_scenario_field")
async def delete_scenario_field(call: Call) -> Answer:
    """The field, and its values in every scenario."""
    async with call.write() as session:
        scenario_set = await find_changeable_set(session, call.project_id, call.path["scenario_set_id"])
        column = await find_scenario_field(session, scenario_set.id, call.path["field_id"])
        gone = column.name
        await rewrite_rows(
            session,
            scenario_set.id,
            lambda _, values: {name: value for name, value in values.items() if name != gone},
        )
        left = [other for other in await columns_of(session, scenario_set.id) if other is not column]
        await session.delete(column)
        for position, other in enumerate(left):
            other.position = position
        return call.answer()


def _refuse_known(name: str, columns: Iterable[CollectionColumn], scenario_set: Collection) -> None:
    if any(column.name == name for column in columns):
        raise Conflict(
            f"Scenario set {scenario_set.name!r} has a field {name!r} already. Choose another name."
        )
