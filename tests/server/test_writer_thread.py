"""The thread for writes that consist of many statements."""

import asyncio
import functools
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from elluminate_server.settings import normalise_database_url
from elluminate_server.store.engine import Store
from elluminate_server.store.writer_thread import WriterThread
from tests.support.databases import sqlite_only

pytestmark = pytest.mark.anyio


async def test_functions_run_one_after_the_other_in_one_thread() -> None:
    thread = WriterThread()
    seen: list[tuple[int, str]] = []

    def note(number: int) -> int:
        seen.append((number, threading.current_thread().name))
        return number

    results = await asyncio.gather(*(thread.run(functools.partial(note, number)) for number in range(5)))
    thread.close()
    assert results == [0, 1, 2, 3, 4]
    assert seen == [(number, "elluminate-writer") for number in range(5)]


async def test_what_a_function_raises_is_raised_and_the_thread_goes_on() -> None:
    thread = WriterThread()
    with pytest.raises(ZeroDivisionError):
        await thread.run(lambda: 1 / 0)
    assert await thread.run(lambda: "still there") == "still there"
    thread.close()


async def test_who_is_cancelled_waits_for_the_end_of_what_has_begun() -> None:
    thread = WriterThread()
    entered, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def write() -> None:
        entered.set()
        assert go_on.wait(30)
        ended.set()

    running = asyncio.create_task(thread.run(write))
    assert await asyncio.to_thread(entered.wait, 30)
    running.cancel()
    await asyncio.sleep(0)
    assert not running.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.is_set()
    thread.close()


@sqlite_only
async def test_a_write_at_once_that_breaks_leaves_nothing_and_lets_the_next_one_in(tmp_path: Path) -> None:
    async with Store(normalise_database_url(str(tmp_path / "x.db"))) as store:

        def begin(connection: Connection) -> None:
            connection.execute(text("CREATE TABLE notes (note TEXT)"))

        def break_down(connection: Connection) -> None:
            connection.execute(text("INSERT INTO notes VALUES ('lost')"))
            raise ZeroDivisionError

        def read(connection: Connection) -> list[str]:
            connection.execute(text("INSERT INTO notes VALUES ('kept')"))
            return list(connection.scalars(text("SELECT note FROM notes")))

        await store.write_at_once(begin)
        with pytest.raises(ZeroDivisionError):
            await store.write_at_once(break_down)
        assert await store.write_at_once(read) == ["kept"]
        async with store.write() as session:
            await session.execute(text("INSERT INTO notes VALUES ('from a session')"))
        assert await store.write_at_once(read) == ["kept", "from a session", "kept"]
