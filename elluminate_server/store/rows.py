"""Rows as they are, for what is only shown: an entity costs twice as much, and a session's bookkeeping again."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

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
    return session.connection().execute(statement, parameters).all()
