"""Rows as they are, for what is only shown: an entity costs twice as much, and a session's bookkeeping again."""

import weakref
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Executable, Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from elluminate_server.store.prepared import read_here

__all__ = ["HERE", "fetch", "fetch_by_ids"]

HERE = "elluminate_reads_here"
"""In a session's `info`: it has its connection, and its driver answers in the calling thread: nothing is awaited."""


async def fetch(session: AsyncSession, statement: Executable, **parameters: Any) -> Sequence[Any]:
    """All rows of a statement on tables (not on entities), whose values go by the columns' names.

    Args:
        session: Where to read; what is pending in it is written first.
        statement: Built once, with `bindparam`: to build one takes longer than to run it.
        parameters: Its parameters.
    """
    if session.info.get(HERE):
        return _fetch(session.sync_session, statement, parameters)
    return await session.run_sync(_fetch, statement, parameters)


async def fetch_by_ids(session: AsyncSession, statement: Executable, ids: Iterable[int]) -> Sequence[Any]:
    """All rows of a statement with the one parameter `ids`, which takes a list; none of them without asking."""
    wanted = list(ids)
    return await fetch(session, statement, ids=wanted) if wanted else []


def _fetch(session: Session, statement: Executable, parameters: dict[str, Any]) -> Sequence[Any]:
    if session.autoflush:
        session.flush()
    connection = session.connection()
    if session.info.get(HERE) and isinstance(statement, Select):
        # To make a statement ready is worth its time where it comes again: what was built for one call does not.
        if statement in _run_before and [] not in parameters.values():
            return read_here(connection, statement, parameters)
        _run_before.add(statement)
    return connection.execute(statement, parameters).all()


_run_before: weakref.WeakSet[Select[*tuple[Any, ...]]] = weakref.WeakSet()
