"""Rows of collections and scenario sets: stored, and taken away."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.store.chunks import chunks
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import AgentTask, Criterion, Entry, Prompt, Response, WorkItem
from elluminate_server.writing.cells import identity

__all__ = ["add_entries", "delete_entries"]


async def add_entries(
    session: AsyncSession,
    collection_id: int,
    rows: Sequence[tuple[dict[str, Any], dict[str, Any] | None]],
) -> list[Entry]:
    """Store rows, given as (stored values, environment config), in their order."""
    entries = [
        Entry(
            collection_id=collection_id,
            input_values=values,
            environment_config=environment,
            identity=identity(values, environment),
        )
        for values, environment in rows
    ]
    for chunk in chunks(entries, 1000):  # other requests get a turn in between
        session.add_all(chunk)
        await session.flush()
    return entries


async def delete_entries(session: AsyncSession, which: Any) -> None:
    """Hide the rows that results refer to, delete the others; `which` is a condition on `Entry`."""
    used = (
        select(AgentTask.id).where(AgentTask.entry_id == Entry.id).exists()
        | select(Prompt.id).where(Prompt.entry_id == Entry.id).exists()
        | select(Response.id).where(Response.entry_id == Entry.id).exists()
        | select(WorkItem.id).where(WorkItem.entry_id == Entry.id).exists()
    )
    now = utc_now()
    # What was asked of one row only is asked no more, and stays readable where it was rated.
    of_rows = Criterion.entry_id.in_(select(Entry.id).where(which, Entry.deleted_at.is_(None)))
    over = update(Criterion).where(of_rows, Criterion.superseded_at.is_(None))
    await session.execute(
        over.values(superseded_at=now, deleted_at=now).execution_options(synchronize_session=False)
    )
    hidden = update(Entry).where(which, Entry.deleted_at.is_(None), used).values(deleted_at=now)
    await session.execute(hidden.execution_options(synchronize_session=False))
    gone = delete(Entry).where(which, Entry.deleted_at.is_(None))
    await session.execute(gone.execution_options(synchronize_session=False))
