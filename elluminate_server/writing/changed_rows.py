"""Rows of a collection that somebody sends: one changed, many added; and which collections take that."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import attrs
from elluminate_api import models
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.http.problems import Conflict
from elluminate_server.reading.finding import find_collection
from elluminate_server.reading.loading import columns_of
from elluminate_server.reading.rows import ShownRow
from elluminate_server.settings import Settings
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Collection, CollectionColumn, Entry
from elluminate_server.writing.agent_tasks import check_task_names, check_unused_names, infer_types
from elluminate_server.writing.cells import ColumnRule, added_columns, identity, rules_of, stored_values
from elluminate_server.writing.prepared_rows import RowBounds, Source, prepare_rows
from elluminate_server.writing.row_uploads import add_new_columns, uploading

__all__ = [
    "NewRows",
    "add_missing_columns",
    "adding_rows",
    "check_tasks",
    "find_changeable",
    "live_rows",
    "only_row",
    "replace_values",
]


def live_rows(collection: Collection) -> Any:
    """The rows that it has now."""
    return select(Entry).where(Entry.collection_id == collection.id, Entry.deleted_at.is_(None))


async def find_changeable(session: AsyncSession, project_id: int, collection_id: int) -> Collection:
    """A collection whose rows may be changed.

    Raises:
        NotFound: There is none of that id in the project.
        Conflict: It is read-only.
    """
    collection = await find_collection(session, project_id, collection_id)
    if collection.read_only:
        found = f"Collection {collection.name!r} is read-only: its rows cannot be changed."
        raise Conflict(
            f"{found} Unlock it first: collection.update(read_only=False).",
            in_browser=f"{found} Whoever made it unlocks it by program.",
        )
    return collection


def only_row(_: int) -> str:
    """Where the one row of a request stands."""
    return "$.input_values"


async def add_missing_columns(
    session: AsyncSession, collection: Collection, row: Mapping[str, Any], *, most: int
) -> dict[str, ColumnRule]:
    """The rules of the collection's columns, with new text columns for names that only the row has."""
    columns = await columns_of(session, collection.id)
    new = added_columns([row], columns, only_row, most=most)
    if collection.collection_type == models.CollectionType.AGENTIC:
        infer_types(new, columns)
    for column in new:
        column.collection_id = collection.id
    session.add_all(new)
    return rules_of([*columns, *new])


async def check_tasks(
    session: AsyncSession,
    collection: Collection,
    rows: list[dict[str, Any]],
    where: Callable[[int], str],
    *,
    other_than: int | None = None,
) -> None:
    """Refuse tasks of an AGENTIC collection without a name of their own."""
    if collection.collection_type == models.CollectionType.AGENTIC:
        check_task_names(rows, where)
        await check_unused_names(session, collection, rows, other_than=other_than)


async def replace_values(
    session: AsyncSession, collection: Collection, entry: Entry, values: Mapping[str, Any], *, most: int
) -> None:
    """Give a row other values.

    Args:
        session: The caller's write transaction.
        collection: From `find_changeable`.
        entry: The row.
        values: Column name to value; an unknown name is a new text column.
        most: How many columns the collection may have then.

    Raises:
        Invalid: A value does not fit its column, or there are too many columns.
    """
    columns = await add_missing_columns(session, collection, values, most=most)
    stored = stored_values(values, columns, only_row(0))
    await check_tasks(session, collection, [stored], only_row, other_than=entry.id)
    entry.input_values = stored
    entry.identity = identity(entry.input_values, entry.environment_config)


@attrs.frozen
class NewRows:
    """Rows that are part of a collection once the transaction commits.

    Attributes:
        session: The transaction.
        collection: Theirs.
        rows: As they are shown.
    """

    session: AsyncSession
    collection: Collection
    rows: list[ShownRow]


@contextlib.asynccontextmanager
async def adding_rows(
    store: Store,
    settings: Settings,
    find: Callable[[AsyncSession], Any],
    write: Callable[[], contextlib.AbstractAsyncContextManager[AsyncSession]],
    source_for: Callable[[Sequence[CollectionColumn]], Source],
    where: Callable[[int], str],
    *,
    skips_existing: bool,
) -> AsyncIterator[NewRows]:
    """Add every row of a file to a collection, or none.

    Args:
        store: The database.
        settings: Of the server, for its bounds.
        find: Gets the collection, see `find_changeable`.
        write: Begins the transaction in which they become visible.
        source_for: Makes the rows, for these columns; called in a thread.
        where: Where the row of that number stands, the start of a message.
        skips_existing: Whether rows that the collection has are left out.

    Raises:
        Invalid: A row cannot be stored.
        TooLarge: They are too many.
        Overtaken: The columns were changed meanwhile.
    """
    async with store.read() as session:
        collection = await find(session)
        columns = await columns_of(session, collection.id)
        known = None
        if skips_existing:
            known = set(await session.scalars(live_rows(collection).with_only_columns(Entry.identity)))
    is_agentic = collection.collection_type == models.CollectionType.AGENTIC

    def prepared_in_thread() -> Any:
        return prepare_rows(
            source_for(columns), columns, RowBounds.of(settings), where, is_agentic=is_agentic, known=known
        )

    prepared = await asyncio.to_thread(prepared_in_thread)
    async with uploading(store, collection, prepared.rows) as upload, write() as session:
        collection = await find(session)
        add_new_columns(session, collection.id, await columns_of(session, collection.id), prepared)
        if prepared.tasks:
            await check_unused_names(session, collection, prepared.tasks)
        rows = await upload.show(session, collection.id, unless_present=skips_existing)
        collection.updated_at = utc_now()
        yield NewRows(session, collection, rows)
