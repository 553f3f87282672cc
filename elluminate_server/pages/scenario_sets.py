"""Scenario sets with their scenarios: what simulated users want of a model; made, changed and deleted."""

from elluminate_api.models import CreateScenarioSetRequest, ScenarioIn, UpdateScenarioSetRequest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from elluminate_server.http.problems import Conflict, Invalid, quoted
from elluminate_server.pages.paging import Paging
from elluminate_server.pages.visits import Visit, form, page
from elluminate_server.reading.finding import see_scenario, see_scenario_set
from elluminate_server.reading.scenario_sets import fields_of, load_scenario_sets, present_scenario
from elluminate_server.store.tables import Collection, Entry
from elluminate_server.writing.naming import of_project
from elluminate_server.writing.scenario_sets import (
    add_scenario_set,
    change_scenario_set,
    check_new_set,
    delete_scenario_set,
)
from elluminate_server.writing.scenarios import add_scenario, delete_scenario, replace_scenario

__all__: list[str] = []

_SIZE = 25
_ROWS = 50
_SETS = "/projects/{project_id:int}/scenario-sets"
_SET = _SETS + "/{scenario_set_id:int}"
_SCENARIO = _SET + "/scenarios/{scenario_id:int}"
_FIELD = "field."
"""Begins the name of the input of a declared field; the field's name follows."""


@page(_SETS)
async def scenario_sets(visit: Visit) -> Response:
    """By name."""
    session = visit.session
    query = of_project(Collection, visit.project_id).where(Collection.is_scenario_set.is_(True))
    if visit.asked("q"):
        query = query.where(Collection.name.icontains(visit.asked("q"), autoescape=True))
    count = await session.scalar(query.with_only_columns(func.count())) or 0
    paging = Paging(visit.asked_number("page", 1), _SIZE, count)
    ordered = query.order_by(Collection.name, Collection.id).limit(_SIZE).offset(paging.offset)
    return visit.show(
        "scenario_sets.html",
        place="scenario-sets",
        sets=await load_scenario_sets(session, (await session.scalars(ordered)).all()),
        paging=paging,
    )


@form(_SETS, does="create_scenario_set")
async def create(visit: Visit) -> Response:
    """A set with its fields, still without scenarios."""
    request = visit.wanted(
        CreateScenarioSetRequest,
        name=_name_in(visit),
        description=visit.text("description"),
        fields=_fields_in(visit),
    )
    check_new_set(request)
    async with visit.write() as session:
        visit.made = await add_scenario_set(session, visit.project_id, request)
    return visit.go_on(f"/projects/{visit.project_id}/scenario-sets/{visit.made.id}")


@page(_SET)
async def scenario_set(visit: Visit) -> Response:
    """One set, with a page of its scenarios in order of creation."""
    session = visit.session
    row = await see_scenario_set(session, visit.project_id, visit.path["scenario_set_id"])
    (shown,) = await load_scenario_sets(session, [row])
    fields = await fields_of(session, row)
    paging = Paging(visit.asked_number("page", 1), _ROWS, shown.scenarios_count or 0)
    entries = await session.scalars(
        select(Entry)
        .where(Entry.collection_id == row.id, Entry.deleted_at.is_(None))
        .order_by(Entry.id)
        .limit(_ROWS)
        .offset(paging.offset)
    )
    return visit.show(
        "scenario_set.html",
        place="scenario-sets",
        set=shown,
        fields=fields,
        scenarios=[present_scenario(one, fields) for one in entries],
        paging=paging,
    )


@form(_SET, does="update_scenario_set")
async def change(visit: Visit) -> Response:
    """Name and description."""
    request = visit.wanted(
        UpdateScenarioSetRequest, name=_name_in(visit), description=visit.text("description")
    )
    async with visit.write() as session:
        await change_scenario_set(session, visit.project_id, visit.path["scenario_set_id"], request)
    return visit.go_on(visit.request.url.path)


@form(_SET + "/delete", does="delete_scenario_set")
async def remove(visit: Visit) -> Response:
    """With its scenarios; experiments over it stay readable."""
    async with visit.write() as session:
        await delete_scenario_set(session, visit.project_id, visit.path["scenario_set_id"])
    return visit.go_on(f"/projects/{visit.project_id}/scenario-sets")


@form(_SET + "/scenarios", does="create_scenario")
async def add(visit: Visit) -> Response:
    """One more scenario."""
    request = _asked_for(visit)
    async with visit.write() as session:
        visit.made, _ = await add_scenario(session, visit.project_id, visit.path["scenario_set_id"], request)
        await _refuse_same(session, visit.made)
    return visit.go_on(_path(visit))


@page(_SCENARIO)
async def scenario(visit: Visit) -> Response:
    """One scenario, with the form that changes it."""
    session = visit.session
    row = await see_scenario_set(session, visit.project_id, visit.path["scenario_set_id"])
    entry = await see_scenario(session, row.id, visit.path["scenario_id"])
    fields = await fields_of(session, row)
    return visit.show(
        "scenario.html",
        place="scenario-sets",
        set=row,
        fields=fields,
        scenario=present_scenario(entry, fields),
    )


@form(_SCENARIO, does="update_scenario")
async def replace(visit: Visit) -> Response:
    """The scenario in place of the former one."""
    request = _asked_for(visit)
    set_id, scenario_id = visit.path["scenario_set_id"], visit.path["scenario_id"]
    async with visit.write() as session:
        row, _ = await replace_scenario(session, visit.project_id, set_id, scenario_id, request)
        await _refuse_same(session, row)
    return visit.go_on(_path(visit))


@form(_SCENARIO + "/delete", does="delete_scenario")
async def remove_scenario(visit: Visit) -> Response:
    """Conversations about it stay readable."""
    async with visit.write() as session:
        await delete_scenario(
            session, visit.project_id, visit.path["scenario_set_id"], visit.path["scenario_id"]
        )
    return visit.go_on(_path(visit))


def _name_in(visit: Visit) -> str:
    """The name of a set in a form; the API takes whatever is not blank."""
    name = visit.field("name").strip()
    if name and not _has_a_word(name):
        raise Invalid(f"$.name: {quoted(name)} has no letter and no digit, so that nobody could find it.")
    return name


def _fields_in(visit: Visit) -> list[str]:
    """Names of further fields in a form.

    Raises:
        Invalid: Something was typed that names none.
    """
    text = visit.field("fields").strip()
    names = [one.strip() for one in text.split(",") if one.strip()]
    wrong = next((one for one in names if not _has_a_word(one)), None if names else text)
    if wrong:
        raise Invalid(f"$.fields: {quoted(wrong)} has no letter and no digit, and names no field.")
    return names


def _has_a_word(name: str) -> bool:
    return any(one.isalnum() for one in name)


async def _refuse_same(session: AsyncSession, row: Entry) -> None:
    """Refuse a scenario that its set has already: programs may mean that, who sends a form twice does not.

    Raises:
        Conflict: There is an equal one.
    """
    await session.flush()
    equal = select(Entry.id).where(
        Entry.collection_id == row.collection_id,
        Entry.identity == row.identity,
        Entry.deleted_at.is_(None),
        Entry.id != row.id,
    )
    found = await session.scalar(equal.order_by(Entry.id).limit(1))
    if found is not None:
        raise Conflict(
            f"$.goal: the set has this scenario already (id {found}), with the same outcome and fields. Nothing was "
            "stored."
        )


def _path(visit: Visit) -> str:
    return f"/projects/{visit.project_id}/scenario-sets/{visit.path['scenario_set_id']}"


def _asked_for(visit: Visit) -> ScenarioIn:
    given = {name.removeprefix(_FIELD): visit.text(name) for name in visit.fields if name.startswith(_FIELD)}
    return visit.wanted(
        ScenarioIn,
        goal=visit.text("goal"),
        expected_conversation_outcome=visit.text("outcome"),
        field_values=given,
    )
