"""Locks of SQLite files: who waits for whom, and that nobody waits for one who has gone."""

import asyncio
import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

from sqlalchemy import event, text

from elluminate_server.settings import normalise_database_url
from elluminate_server.store.engine import Store
from elluminate_server.store.sqlite import SqliteConnection

BOUND = 60.0
OPENERS = 8
FILES = 100


def connected(path: Path, timeout: float = BOUND) -> "contextlib.closing[sqlite3.Connection]":
    return contextlib.closing(sqlite3.connect(path, timeout, factory=SqliteConnection))


def test_a_closed_connection_leaves_no_lock_behind_while_its_cursor_is_still_referred_to(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.db"
    with connected(path) as first:
        first.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY)")
        first.execute("INSERT INTO rows VALUES (1), (2), (3)")
        first.execute("BEGIN IMMEDIATE")
        first.execute("DELETE FROM rows")
        first.execute("INSERT INTO rows VALUES (4), (5)")
        unfinished = first.execute("SELECT id FROM rows")
        assert unfinished.fetchone() == (4,)
    with connected(path, timeout=0) as second:
        second.execute("BEGIN IMMEDIATE")
        assert second.execute("SELECT count(*) FROM rows").fetchone() == (3,)
    first.close()  # once more is no error


def test_a_writer_that_is_cancelled_in_a_statement_leaves_the_database_free(tmp_path: Path) -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        async with Store(normalise_database_url(str(tmp_path / "x.db")), busy_timeout=1) as store:
            async with store.write() as session:
                await session.execute(text("CREATE TABLE rows (id INTEGER PRIMARY KEY)"))
                await session.execute(text("INSERT INTO rows VALUES (1), (2), (3)"))

            async def write() -> None:
                async with store.write() as session:
                    await session.execute(text("DELETE FROM rows WHERE id = 3"))
                    await session.execute(text("SELECT cancel(id) FROM rows"))

            def cancel(_id: int) -> None:  # in the driver's thread, while the statement runs
                loop.call_soon_threadsafe(writing.cancel)

            @event.listens_for(store.engine.sync_engine, "checkout")
            def offer(connection: Any, *_: object) -> None:
                connection.create_function("cancel", 1, cancel)

            writing = asyncio.create_task(write())
            # Kept: its traceback refers to all that the task had in hand.
            (ended,) = await asyncio.gather(writing, return_exceptions=True)
            assert isinstance(ended, asyncio.CancelledError)
            async with store.write() as session:  # raises BusyError when the database is locked
                assert await session.scalar(text("SELECT count(*) FROM rows")) == 3

    asyncio.run(scenario())


def test_several_first_connections_to_a_new_file_share_it(tmp_path: Path) -> None:
    starting = Barrier(OPENERS)

    def open_and_write(path: Path) -> str:
        starting.wait(BOUND)
        with connected(path) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY)")
            connection.execute("INSERT INTO rows DEFAULT VALUES")
            connection.execute("COMMIT")
            mode: str = connection.execute("PRAGMA journal_mode").fetchone()[0]
            return mode

    with ThreadPoolExecutor(OPENERS) as threads:
        for number in range(FILES):
            path = tmp_path / f"{number}.db"
            assert set(threads.map(open_and_write, [path] * OPENERS)) == {"wal"}
            with connected(path) as connection:
                assert connection.execute("SELECT count(*) FROM rows").fetchone() == (OPENERS,)
