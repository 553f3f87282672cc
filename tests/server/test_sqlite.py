"""Locks of SQLite files: who waits for whom, and that nobody waits for one who has gone."""

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import event, text

from elluminate_server.settings import normalise_database_url
from elluminate_server.store.engine import BusyError, Store
from elluminate_server.store.sqlite import SqliteConnection

pytestmark = pytest.mark.anyio

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


async def test_a_writer_that_is_cancelled_in_a_statement_leaves_the_database_free(tmp_path: Path) -> None:
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


async def test_a_short_writer_waits_for_another_process_beside_the_event_loop(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    async with Store(normalise_database_url(str(path)), busy_timeout=BOUND) as store:
        async with store.write(is_short=True) as session:
            await session.execute(text("CREATE TABLE rows (id INTEGER PRIMARY KEY)"))

        async def add(number: int) -> None:
            async with store.write(is_short=True) as session:
                await session.execute(text(f"INSERT INTO rows VALUES ({number})"))

        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("INSERT INTO rows VALUES (1)")
            writing = [asyncio.create_task(add(number)) for number in (2, 3)]
            for _ in range(20):  # the loop goes on, and so do those who read
                async with store.read() as session:
                    assert await session.scalar(text("SELECT count(*) FROM rows")) == 0
            assert not any(task.done() for task in writing)
            other.execute("COMMIT")
        await asyncio.wait_for(asyncio.gather(*writing), BOUND)
        async with store.read() as session:
            assert (await session.scalars(text("SELECT id FROM rows ORDER BY id"))).all() == [1, 2, 3]


async def test_a_short_writer_that_waits_in_vain_is_told_so_and_the_next_one_writes(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    async with Store(normalise_database_url(str(path)), busy_timeout=0.2) as store:
        async with store.write(is_short=True) as session:
            await session.execute(text("CREATE TABLE rows (id INTEGER PRIMARY KEY)"))
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(BusyError, match="busy with another writer"):
                async with store.write(is_short=True) as session:
                    await session.execute(text("INSERT INTO rows VALUES (1)"))
            other.execute("ROLLBACK")
        with pytest.raises(ZeroDivisionError):
            async with store.write(is_short=True) as session:
                await session.execute(text("INSERT INTO rows VALUES (2)"))
                raise ZeroDivisionError
        async with store.write(is_short=True) as session:
            await session.execute(text("INSERT INTO rows VALUES (3)"))
        async with store.read() as session:
            assert (await session.scalars(text("SELECT id FROM rows"))).all() == [3]


async def test_a_short_writer_that_is_cancelled_while_it_waits_leaves_the_database_free(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.db"
    async with Store(normalise_database_url(str(path)), busy_timeout=BOUND) as store:
        async with store.write(is_short=True) as session:
            await session.execute(text("CREATE TABLE rows (id INTEGER PRIMARY KEY)"))

        async def add() -> None:
            async with store.write(is_short=True) as session:
                await session.execute(text("INSERT INTO rows VALUES (1)"))

        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            writing = asyncio.create_task(add())
            for _ in range(20):
                await asyncio.sleep(0)
            writing.cancel()
            for _ in range(20):
                await asyncio.sleep(0)
            other.execute("COMMIT")
        (ended,) = await asyncio.gather(writing, return_exceptions=True)
        assert isinstance(ended, asyncio.CancelledError)
        with contextlib.closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # nobody holds the lock
            assert other.execute("SELECT count(*) FROM rows").fetchone() == (0,)
            other.execute("ROLLBACK")


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


WRITER = """
    import asyncio
    import sys

    from sqlalchemy import text

    from elluminate_server.settings import normalise_database_url
    from elluminate_server.store.engine import Store
    from elluminate_server.store.migrating import prepare
    from elluminate_server.store.tables import Organization

    async def add(store, name, times):
        for time in range(times):
            async with store.write(is_short=time % 2 == 0) as session:
                # Reads first and writes later, as handlers do.
                seen = await session.scalar(text("SELECT count(*) FROM organizations"))
                session.add(Organization(name=f"{name} {seen}"))
            async with store.read() as session:
                assert await session.scalar(text("SELECT count(*) FROM organizations")) > seen

    async def work(path, writers, times):
        async with Store(normalise_database_url(path)) as store:
            await prepare(store)
            await asyncio.gather(*(add(store, f"writer {number}", times) for number in range(writers)))

    print("ready", flush=True)
    for order in sys.stdin:
        path, writers, times = order.rsplit(maxsplit=2)
        asyncio.run(work(path, int(writers), int(times)))
        print("done", flush=True)
    """


@contextlib.contextmanager
def writing_processes(count: int) -> Iterator[list["subprocess.Popen[str]"]]:
    with contextlib.ExitStack() as stack:
        processes = []
        for _ in range(count):
            process = subprocess.Popen(
                [sys.executable, "-c", textwrap.dedent(WRITER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
            )
            stack.callback(process.communicate)  # ends its input, and so the process
            processes.append(process)
        assert [answer_of(process) for process in processes] == ["ready"] * count
        yield processes


def answer_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def order(processes: list["subprocess.Popen[str]"], path: Path, *, writers: int, times: int) -> list[str]:
    """Let all the processes write at once; what they say when they are done, nothing after an error."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(f"{path} {writers} {times}\n")
        process.stdin.flush()
    return [answer_of(process) for process in processes]


def names_in(path: Path) -> list[str]:
    with connected(path) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM organizations ORDER BY id")]


def test_two_processes_make_one_database_of_a_new_file(tmp_path: Path) -> None:
    with writing_processes(2) as processes:
        for number in range(10):
            path = tmp_path / f"new {number}.db"
            assert order(processes, path, writers=1, times=1) == ["done", "done"]
            assert names_in(path) == ["writer 0 0", "writer 0 1"]


def test_many_writers_of_two_processes_wait_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    with writing_processes(2) as processes:
        assert order(processes, path, writers=8, times=25) == ["done", "done"]
    # Each saw what all before it had written, and nothing was lost.
    assert [name.rsplit(maxsplit=1)[1] for name in names_in(path)] == [str(n) for n in range(2 * 8 * 25)]
