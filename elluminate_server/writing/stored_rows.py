"""Many stored rows changed at once, by plain statements: entities would take most of a second for ten thousand."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import msgspec
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.store.columns import as_stored, utc_now
from elluminate_server.store.rows import fetch
from elluminate_server.store.tables import Entry
from elluminate_server.writing.cells import identity

__all__ = ["Change", "StoredRows", "change_of", "load_stored_rows", "rewrite_rows", "update_rows"]

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
_UPDATE = (
    update(_entries)
    .where(_entries.c.id == bindparam("of_row"))
    .values(
        input_values=bindparam("new_values"),
        identity=bindparam("new_identity"),
        updated_at=bindparam("now"),
    )
)


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
    """Other values for a stored row.

    Attributes:
        id: Its id.
        values: As they are stored, as JSON text.
        identity: See `cells.identity`.
    """

    id: int
    values: bytes
    identity: str


def change_of(row: Any, values: Mapping[str, Any]) -> Change:
    """Other values for a row of `StoredRows`."""
    return Change(row.id, msgspec.json.encode(values), identity(values, row.environment_config))


async def load_stored_rows(session: AsyncSession, collection_id: int) -> StoredRows:
    """The collection's rows as they are in this session."""
    state = await _state_of(session, collection_id)
    return StoredRows(await fetch(session, _ROWS, of_collection=collection_id), state)


async def _state_of(session: AsyncSession, collection_id: int) -> tuple[Any, ...]:
    (state,) = await fetch(session, _STATE, of_collection=collection_id)
    return tuple(state)


async def update_rows(session: AsyncSession, changes: Sequence[Change]) -> None:
    """Store what changes."""
    if changes:
        now = utc_now()
        await session.execute(
            _UPDATE,
            [
                {
                    "of_row": change.id,
                    "new_values": msgspec.Raw(change.values),
                    "new_identity": change.identity,
                    "now": now,
                }
                for change in changes
            ],
        )


async def rewrite_rows(
    session: AsyncSession,
    collection_id: int,
    rewrite: Callable[[int, dict[str, Any]], Mapping[str, Any]],
) -> None:
    """Give every row of a collection the values that a function makes of its id and its values.

    Args:
        session: The caller's write transaction.
        collection_id: The collection, or scenario set.
        rewrite: Is called in a thread; what it raises ends the rewriting, and nothing is stored.
    """
    stored = await load_stored_rows(session, collection_id)

    def changes() -> list[Change]:
        found = []
        for row in stored.rows:
            values = msgspec.json.decode(row.input_values)
            rewritten = rewrite(row.id, values)
            if rewritten != values:
                found.append(change_of(row, rewritten))
        return found

    await update_rows(session, await asyncio.to_thread(changes))
