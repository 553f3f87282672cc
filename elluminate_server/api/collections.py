"""Collections: named sets of test cases, and their columns."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import attrs
from elluminate_api import models
from msgspec import UNSET
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.agent_trials import TASK_COLUMN
from elluminate_server.domain.compatibility import missing_columns
from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Conflict, Invalid, Taken, quoted
from elluminate_server.reading.finding import find_collection, see_collection, see_prompt_template
from elluminate_server.reading.loading import columns_of, load_collection, load_collections
from elluminate_server.reading.rows import present_collection_with_entries, shown_rows
from elluminate_server.store.columns import as_stored, utc_now
from elluminate_server.store.rows import fetch
from elluminate_server.store.tables import Collection, CollectionColumn, Entry, Experiment
from elluminate_server.writing.agent_tasks import (
    check_task_column,
)
from elluminate_server.writing.cells import (
    ColumnRule,
    check_columns,
    check_prompt_columns,
    rules_of,
    stored_values,
)
from elluminate_server.writing.deleting import hide_or_delete
from elluminate_server.writing.naming import free_name, holder_of_name, of_project
from elluminate_server.writing.prepared_rows import RowBounds, prepare_rows
from elluminate_server.writing.row_uploads import uploading
from elluminate_server.writing.stored_rows import rewrite_rows

_of_entry = Entry.__table__.c
_ROWS = (
    select(
        _of_entry.id,
        as_stored(_of_entry.input_values),
        as_stored(_of_entry.environment_config),
        _of_entry.created_at,
    )
    .where(_of_entry.collection_id == bindparam("collection_id"), _of_entry.deleted_at.is_(None))
    .order_by(_of_entry.id)
)


@operation("list_collections")
async def list_collections(call: Call) -> Answer:
    """In order of creation, without rows."""
    live = of_project(Collection, call.project_id, call.query["name"]).where(
        Collection.is_scenario_set.is_(False)
    )
    async with call.read() as session:
        template_id = call.query["compatible_prompt_template_id"]
        if template_id is not None:
            template = await see_prompt_template(session, call.project_id, template_id)
            names: dict[int, list[str]] = {}
            for collection_id, name in await session.execute(
                select(Collection.id, CollectionColumn.name)
                .outerjoin(CollectionColumn, CollectionColumn.collection_id == Collection.id)
                .where(Collection.project_id == call.project_id)
            ):
                names.setdefault(collection_id, []).append(name)
            fitting = [
                collection_id
                for collection_id, columns in names.items()
                if not missing_columns(template.placeholders, columns)
            ]
            live = live.where(Collection.id.in_(fitting))
        rows, count = await page_of(call, session, live, Collection.id)
        loaded = await load_collections(session, [row.id for row in rows])
    return call.answer(paged([loaded[row.id].shown for row in rows], count))


@operation("create_collection")
async def create_collection(call: Call) -> Answer:
    """A collection with its columns and first rows, in one step."""
    request = call.decode(models.CreateCollectionRequest)
    agentic = request.collection_type == models.CollectionType.AGENTIC
    given: Sequence[models.CollectionColumn] = () if request.columns is UNSET else request.columns
    rows: Sequence[Mapping[str, Any]] = () if request.variables is UNSET else request.variables
    environment = None if request.environment_config is UNSET else request.environment_config
    check_columns(given, most=call.settings.max_columns)
    columns = [
        CollectionColumn(
            name=column.name or "",
            column_type=str(column.column_type or models.ColumnType.TEXT),
            default_value=column.default_value or "",
            position=index,
            categorical_values=column.categorical_values,
        )
        for index, column in enumerate(given)
    ]
    prepared = await asyncio.to_thread(
        prepare_rows,
        partial(enumerate, rows),
        columns,
        RowBounds.of(call.settings),
        "$.variables[{}]".format,
        is_agentic=agentic,
    )
    columns += prepared.new
    check_prompt_columns(columns)
    collection = Collection(
        project_id=call.project_id,
        name=request.name or "",
        description=request.description,
        collection_type=str(request.collection_type),
        read_only=request.read_only,
        environment_config=environment,
    )
    async with (
        uploading(call.store, collection, prepared.rows) as upload,
        call.write(is_short=not prepared.rows) as session,
    ):
        name = request.name or await free_name(session, call.project_id, Collection, "Collection")
        await _refuse_taken(session, call.project_id, name)
        collection.name, collection.deleted_at = name, None
        session.add(collection)
        await session.flush()
        for column in columns:
            column.collection_id = collection.id
        session.add_all(columns)
        rows_shown = await upload.show(session, collection.id)
        loaded = await load_collection(session, collection)
        return call.answer(present_collection_with_entries(loaded.shown, rows_shown))


async def _refuse_taken(
    session: AsyncSession, project_id: int, name: str, *, other_than: int | None = None
) -> None:
    taken = await holder_of_name(session, project_id, name)
    if taken is not None and taken.id != other_than:
        kind = "a scenario set" if taken.is_scenario_set else "a collection"
        raise Taken(kind, name, taken.id)


@operation("get_collection")
async def get_collection(call: Call) -> Answer:
    """A collection with every row."""
    async with call.read() as session:
        collection = await see_collection(session, call.project_id, call.path["collection_id"])
        loaded = await load_collection(session, collection)
        rows = await fetch(session, _ROWS, collection_id=collection.id)
        shown = shown_rows(rows, loaded.columns, loaded.shown, most_bytes=call.settings.max_answer_bytes)
        return call.answer(present_collection_with_entries(loaded.shown, shown))


@operation("update_collection")
async def update_collection(call: Call) -> Answer:
    """Name, description, lock, environment config, and the complete list of columns."""
    request = call.decode(models.UpdateCollectionRequest)
    async with call.write() as session:
        collection = await find_collection(session, call.project_id, call.path["collection_id"])
        await _refuse_taken(session, call.project_id, request.name, other_than=collection.id)
        collection.name = request.name
        if request.description is not UNSET:
            collection.description = request.description
        if request.read_only is not UNSET:
            collection.read_only = request.read_only
        if request.environment_config is not UNSET:
            collection.environment_config = request.environment_config
        if request.columns is not UNSET:
            await _replace_columns(session, collection, request.columns, most=call.settings.max_columns)
        collection.updated_at = utc_now()
        await session.flush()
        loaded = await load_collection(session, collection)
        return call.answer(loaded.shown)


async def _replace_columns(
    session: AsyncSession,
    collection: Collection,
    wanted: Sequence[models.CollectionColumn],
    *,
    most: int,
) -> None:
    present = await columns_of(session, collection.id)
    matches = _match_columns(wanted, present, collection.id)
    check_columns([column for column, _ in matches], most=max(most, len(present)))
    renamed: dict[str, str] = {}
    retyped = False
    kept: list[CollectionColumn] = []
    for column, match in matches:
        if match is None:
            match = CollectionColumn(collection_id=collection.id, name=column.name or "", position=0)
            _apply(column, match)
        else:
            if column.name is not None and column.name != match.name:
                if match.column_type == models.ColumnType.CONVERSATION:
                    raise Invalid(
                        f"$.columns: the conversation column {quoted(match.name)} cannot be renamed; add a new column "
                        "and move the conversations there."
                    )
                renamed[match.name] = column.name
            before = match.column_type, match.categorical_values
            _apply(column, match)
            retyped = retyped or before != (match.column_type, match.categorical_values)
        kept.append(match)
    check_prompt_columns(kept)
    if collection.collection_type == models.CollectionType.AGENTIC:
        if TASK_COLUMN in renamed:
            raise Invalid(f"$.columns: column {TASK_COLUMN!r} of an AGENTIC collection cannot be renamed.")
        check_task_column(kept)
    removed = [column for column in present if column not in kept]
    changed = any(session.is_modified(column) for column in present)
    moved = [column.id for column in kept] != [column.id for column in present]
    if collection.read_only and (removed or changed or renamed or moved):
        raise Conflict(
            f"Collection {collection.name!r} is read-only: its columns cannot be changed. "
            "Unlock it first: collection.update(read_only=False)."
        )
    await _renumber(session, kept, removed, renamed)
    if removed or renamed or retyped:
        await _rewrite_entries(session, collection.id, renamed, rules_of(kept))


def _match_columns(
    wanted: Sequence[models.CollectionColumn], present: Sequence[CollectionColumn], collection_id: int
) -> list[tuple[models.CollectionColumn, CollectionColumn | None]]:
    """Each listed column, complete, with the present one that it means: by id, else by name."""
    by_id = {column.id: column for column in present}
    by_name = {column.name: column for column in present}
    matches: list[tuple[models.CollectionColumn, CollectionColumn | None]] = []
    meant: set[int] = set()
    for index, column in enumerate(wanted):
        if column.id is not None and column.id not in by_id:
            raise Invalid(f"$.columns[{index}].id: collection {collection_id} has no column {column.id}.")
        match = by_name.get(column.name or "") if column.id is None else by_id[column.id]
        if match is not None:
            if match.id in meant:
                raise Invalid(f"$.columns[{index}]: the column {quoted(match.name)} is listed twice.")
            meant.add(match.id)
            column = attrs.evolve(
                column,
                name=match.name if column.name is None else column.name,
                column_type=column.column_type or models.ColumnType(match.column_type),
            )
        matches.append((column, match))
    return matches


def _apply(wanted: models.CollectionColumn, column: CollectionColumn) -> None:
    column.column_type = str(wanted.column_type or models.ColumnType.TEXT)
    # A client that names a column by its name alone sends an empty default; that says nothing about it.
    if wanted.default_value or wanted.id is not None or column.default_value is None:
        column.default_value = wanted.default_value or ""
    if column.column_type == models.ColumnType.CONVERSATION:
        column.default_value = ""
    if column.column_type != models.ColumnType.CATEGORY:
        column.categorical_values = None
    elif wanted.categorical_values is not None:
        column.categorical_values = wanted.categorical_values


async def _renumber(
    session: AsyncSession,
    kept: Sequence[CollectionColumn],
    removed: Sequence[CollectionColumn],
    renamed: Mapping[str, str],
) -> None:
    for column in removed:
        await session.delete(column)
    await session.flush()
    # Two columns may swap names, and a name is unique at any moment: all renamed ones step aside first.
    back = {column.id: renamed[column.name] for column in kept if column.name in renamed}
    for column in kept:
        if column.id in back:
            column.name = f" {column.id}"
    await session.flush()
    for position, column in enumerate(kept):
        column.position = position
        if column.id in back:
            column.name = back[column.id]
    session.add_all(kept)
    await session.flush()


async def _rewrite_entries(
    session: AsyncSession,
    collection_id: int,
    renamed: Mapping[str, str],
    columns: Mapping[str, ColumnRule],
) -> None:
    def rewrite(row_id: int, before: dict[str, Any]) -> dict[str, Any]:
        moved = {renamed.get(name, name): value for name, value in before.items()}
        kept = {name: value for name, value in moved.items() if name in columns}
        return stored_values(kept, columns, f"Row {row_id}")

    await rewrite_rows(session, collection_id, rewrite)


@operation("delete_collection")
async def delete_collection(call: Call) -> Answer:
    """Hide a collection that experiments ran over, delete any other with its rows."""
    async with call.write() as session:
        collection = await find_collection(session, call.project_id, call.path["collection_id"])
        await hide_or_delete(
            session, collection, select(Experiment.id).where(Experiment.collection_id == collection.id)
        )
        return call.answer()
