"""Rows that are told apart by some of their columns: which stored ones new ones update, and which are added."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs
import msgspec
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.agent_trials import TASK_COLUMN
from elluminate_server.http.problems import Conflict, quoted
from elluminate_server.reading.rows import ShownRow
from elluminate_server.store.columns import as_stored, utc_now
from elluminate_server.store.rows import fetch
from elluminate_server.store.tables import Collection, Entry
from elluminate_server.writing.agent_tasks import check_task_names
from elluminate_server.writing.cells import ColumnRule, identity, rules_of
from elluminate_server.writing.prepared_rows import PreparedRow, PreparedRows, key_of

__all__ = ["Matched", "StoredRows", "load_stored_rows", "match_rows", "update_rows"]

_entries: Any = Entry.__table__
_LIVE = (_entries.c.collection_id == bindparam("of_collection"), _entries.c.deleted_at.is_(None))
_ROWS = (
    select(
        _entries.c.id,
        as_stored(_entries.c.input_values),
        _entries.c.environment_config,
        _entries.c.created_at,
    )
    .where(*_LIVE)
    .order_by(_entries.c.id)
)
_STATE = select(func.count(), func.max(_entries.c.id), func.max(_entries.c.updated_at)).where(*_LIVE)


@attrs.frozen
class StoredRows:
    """The rows of a collection at one moment.

    Attributes:
        rows: With their values as JSON text.
        state: What every change of one of them changes, too.
    """

    rows: Sequence[Any]
    state: tuple[Any, ...]

    async def are_current(self, session: AsyncSession, collection_id: int) -> bool:
        """Whether none was added, changed or taken away since."""
        return await _state_of(session, collection_id) == self.state


@attrs.frozen
class Change:
    """A stored row with other values.

    Attributes:
        shown: As it is then.
        values: What is stored of it, as JSON text.
        identity: See `cells.identity`.
    """

    shown: ShownRow
    values: bytes
    identity: str


@attrs.frozen
class Matched:
    """What becomes of prepared rows.

    Attributes:
        new: Those that are added.
        changes: Those that change a stored row.
        places: For each prepared row, in order, the stored row as it is then; None for one that is added.
    """

    new: list[PreparedRow]
    changes: list[Change]
    places: list[ShownRow | None]

    def in_order(self, added: Iterable[ShownRow]) -> list[ShownRow]:
        """All of them, once those that are added are stored."""
        following = iter(added)
        return [next(following) if row is None else row for row in self.places]


async def load_stored_rows(session: AsyncSession, collection_id: int) -> StoredRows:
    """The collection's rows as they are in this session."""
    state = await _state_of(session, collection_id)
    return StoredRows(await fetch(session, _ROWS, of_collection=collection_id), state)


async def _state_of(session: AsyncSession, collection_id: int) -> tuple[Any, ...]:
    (state,) = await fetch(session, _STATE, of_collection=collection_id)
    return tuple(state)


def match_rows(
    stored: StoredRows,
    prepared: PreparedRows,
    key: Sequence[str],
    where: Callable[[int], str],
    *,
    is_agentic: bool,
) -> Matched:
    """Find the stored row that each prepared one is, and what it becomes; for a thread, where there are many.

    A prepared row changes the columns that it names.

    Args:
        stored: The collection's rows.
        prepared: The rows, prepared with this key.
        key: Columns that tell rows apart.
        where: Where the row of that number stands, the start of a message.
        is_agentic: Whether each row is a task, with a name of its own.

    Raises:
        Conflict: Two stored rows have the key of one; or two rows would have one task.
        Invalid: A row would have no task, or that of one before it.
    """
    rules = {**prepared.rules, **rules_of(prepared.new)}
    wanted = {row.key for row in prepared.rows}
    found: dict[bytes, tuple[Any, dict[str, Any]]] = {}
    tasks: dict[str, int] = {}
    for row in stored.rows:
        values = msgspec.json.decode(row.input_values)
        row_key = key_of(values, key, rules)
        if row_key not in wanted:
            if is_agentic:
                tasks[values.get(TASK_COLUMN, "")] = row.id
            continue
        if row_key in found:
            raise Conflict(
                f"Rows {found[row_key][0].id} and {row.id} of the collection have the same "
                f"{', '.join(map(quoted, key))}, so that it is open which of them is meant. Delete one of them, or "
                "name more columns that tell rows apart. Nothing was stored."
            )
        found[row_key] = row, values
    matched = Matched([], [], [])
    named = []
    for prepared_row in prepared.rows:
        given = msgspec.json.decode(prepared_row.values)
        if prepared_row.key not in found:
            matched.new.append(prepared_row)
            matched.places.append(None)
            named.append(given)
            continue
        row, before = found[prepared_row.key]
        after = {**before, **given}
        change = _changed(row, after, rules)
        matched.places.append(change.shown)
        if after != before:
            matched.changes.append(change)
        named.append(after)
    if is_agentic:
        check_task_names(named, lambda index: where(prepared.rows[index].number))
        for index, values in enumerate(named):
            if values[TASK_COLUMN] in tasks:
                raise Conflict(
                    f"{where(prepared.rows[index].number)}.{TASK_COLUMN}: {quoted(values[TASK_COLUMN])} is the task of "
                    f"row {tasks[values[TASK_COLUMN]]} already. Give this row another task. Nothing was stored."
                )
    return matched


def _changed(row: Any, values: Mapping[str, Any], rules: Mapping[str, ColumnRule]) -> Change:
    cells = {name: values[name] for name in rules if name in values}
    text = shown = msgspec.json.encode(cells)
    if len(cells) < len(rules):
        shown = msgspec.json.encode(
            {name: cells.get(name, rule.default_value) for name, rule in rules.items()}
        )
    return Change(
        ShownRow(row.id, shown, row.environment_config, row.created_at),
        text,
        identity(cells, row.environment_config),
    )


async def update_rows(session: AsyncSession, collection: Collection, changes: Sequence[Change]) -> None:
    """Store what changes."""
    if changes:
        now = utc_now()
        await session.execute(
            update(_entries)
            .where(_entries.c.id == bindparam("of_row"), _entries.c.collection_id == collection.id)
            .values(
                input_values=bindparam("new_values"),
                identity=bindparam("new_identity"),
                updated_at=bindparam("now"),
            ),
            [
                {
                    "of_row": change.shown.id,
                    "new_values": msgspec.Raw(change.values),
                    "new_identity": change.identity,
                    "now": now,
                }
                for change in changes
            ],
        )
