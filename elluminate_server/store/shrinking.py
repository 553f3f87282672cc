"""Giving pages of an SQLite file that nothing uses any more back to the system."""

import contextlib
import sqlite3
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.store import pieces
from elluminate_server.store.engine import Store

__all__ = ["give_back_pages", "is_shrinkable", "make_shrinkable"]

KEPT_PAGES = 1000
"""Free pages that stay, some 4 MB: what is written next takes them."""

_INCREMENTAL = 2


async def give_back_pages(store: Store) -> None:
    """Shrink an SQLite file by its free pages; nothing for other databases.

    A file that was made by an older version keeps its pages, and uses them again, until `elluminate migrate`.
    """
    if not store.is_sqlite:
        return
    async with store.read() as session:
        if await _free_pages(session) <= 0:
            return
    if not await is_shrinkable(store):
        return

    async def write(session: AsyncSession, size: int) -> bool:
        free = await _free_pages(session)
        if free <= 0:
            return True
        connection = await (await session.connection()).get_raw_connection()
        driver = connection.driver_connection
        assert driver is not None  # noqa: S101 - for the type checker
        # This pragma frees one page for each step of its statement, and only a script is run to its end.
        await driver.executescript(f"PRAGMA incremental_vacuum({min(size, free)})")
        return free <= size

    await pieces.write_in_pieces(store, write)


async def is_shrinkable(store: Store) -> bool:
    """Whether an SQLite file can give pages back."""
    async with store.read() as session:
        return bool(await session.scalar(text("PRAGMA auto_vacuum")) == _INCREMENTAL)


async def _free_pages(session: AsyncSession) -> int:
    found: int = await session.scalar(text("PRAGMA freelist_count"))
    return found - KEPT_PAGES


def make_shrinkable(file: Path) -> None:
    """Rewrite an SQLite file so that it can give pages back; one that can is left alone.

    Raises:
        sqlite3.Error: It is in use, or there is no room for a second one. The file is as it was.
    """
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        if connection.execute("PRAGMA auto_vacuum").fetchone()[0] != _INCREMENTAL:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("VACUUM")
