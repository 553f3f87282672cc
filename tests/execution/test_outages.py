"""A database that is away in the middle of a run: locked for too long, restarted, cut off."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import Connection, create_engine, text

from elluminate_server.execution import Executor, leases, means
from elluminate_server.llm.providers import ModelDefaults, Models
from elluminate_server.store.engine import BusyError
from elluminate_server.store.tables import Response, WorkItem
from tests.execution.scene import Scene, ScriptedModel, eventually, running, scene
from tests.support.databases import postgresql_only, sqlite_only
from tests.support.descriptors import needs_a_limit, no_descriptors
from tests.support.full_disk import Disk
from tests.support.model_server import ModelServer, Reply, completion

pytestmark = pytest.mark.anyio

ROWS = 6


@pytest.fixture(autouse=True)
def _try_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 0.1)


async def test_a_run_goes_on_when_the_database_was_locked_for_too_long(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=ROWS)
        write, write_at_once = here.store.write, here.store.write_at_once
        writes, writes_of_results = count(), count()

        def write_sometimes(**options: Any) -> Any:
            if next(writes) in range(2, 7):
                raise BusyError("Locked by the test.")
            return write(**options)

        async def write_at_once_sometimes(what: Callable[[Connection], Any]) -> Any:
            if next(writes_of_results) < 5:
                raise BusyError("Locked by the test.")
            return await write_at_once(what)

        async with running(here.executor()) as executor:
            task_id = await here.enqueue(executor)
            here.store.write = write_sometimes  # type: ignore[method-assign]
            here.store.write_at_once = write_at_once_sometimes  # type: ignore[assignment, method-assign]
            task = await here.ended(task_id)
        assert (task.status, task.error_msg, task.attempts) == ("SUCCESS", None, 1)
        await here.assert_each_row_once(rows=ROWS, criteria=2)
    assert "results wait to be written, and their runs with them: Locked by the test." in caplog.text
    assert "Results are written again." in caplog.text
    assert "Traceback" not in caplog.text


@sqlite_only
async def test_a_run_waits_for_room_on_a_full_disk_and_asks_for_nothing_twice(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = 40
    monkeypatch.setattr(means, "MAX_WORKERS", 4)

    async with scene(tmp_path) as here:
        await here.add_experiment(rows=rows)
        disk = Disk(here.store)

        async def fill(_text: str) -> None:
            disk.is_full = disk.is_full or len(here.model.answered) == 10

        here.model.on_answer = fill
        async with running(here.executor()) as executor:
            task_id = await here.enqueue(executor)

            async def waits() -> bool:
                return "wait to be written" in caplog.text

            await eventually(waits, "a result finds no room")
            asked, expires = len(here.model.answered), (await here.task(task_id)).lease_expires_at

            async def heart_beats() -> bool:
                return (await here.task(task_id)).lease_expires_at != expires

            await eventually(heart_beats, "the lease is renewed all the same")
            assert (await here.task(task_id)).status == "STARTED"
            assert len(here.model.answered) <= asked + 4
            here.model.on_answer = ScriptedModel().on_answer
            disk.is_full = False
            task = await here.ended(task_id)
        assert (task.status, task.error_msg) == ("SUCCESS", None)
        assert (len(here.model.answered), len(here.model.judged)) == (rows, 2 * rows)
        await here.assert_each_row_once(rows=rows, criteria=2)
    assert "database or disk is full" in caplog.text
    assert "Traceback" not in caplog.text


def closing(text: str) -> Reply:
    """A completion after which the connection is closed, so that the next call has to open one."""
    return attrs.evolve(completion(text), headers={"connection": "close"})


@needs_a_limit
async def test_a_run_waits_for_file_descriptors_and_asks_for_nothing_twice(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, model_server: ModelServer
) -> None:
    rows = 12
    model_server.answer = lambda _: closing("Tides come and go.")
    model_server.verdict = lambda _: closing('{"reasoning": "It is.", "rating": "YES"}')
    models = Models(ModelDefaults(base_url=model_server.base_url, model="scripted"))

    async with scene(tmp_path) as here:
        await here.add_experiment(rows=rows)
        executor = Executor(here.store, models, here.settings)
        async with running(executor):
            with model_server.held():
                task_id = await here.enqueue(executor)
                await asyncio.to_thread(model_server.wait_for_requests, 4)
                descriptors = contextlib.ExitStack()
                descriptors.enter_context(no_descriptors())
            with descriptors:

                async def waits() -> bool:
                    return "Calls of models wait" in caplog.text

                await eventually(waits, "a call finds no descriptor")
            task = await here.ended(task_id)
        assert (task.status, task.error_msg, task.attempts) == ("SUCCESS", None, 1)
        assert [response.error for response in await here.all(Response)] == [None] * rows
        kinds = Counter(request.kind for request in model_server.requests)
        assert kinds == {"answer": rows, "verdict": 2 * rows}
        await here.assert_each_row_once(rows=rows, criteria=2)
        await models.aclose()
    assert "was not asked by this server: it has no file descriptors left" in caplog.text
    assert caplog.text.count("Calls of models wait") == 1
    assert "Traceback" not in caplog.text


class Cutter:
    """Has the server drop the connection of some commits, before or after they are carried out."""

    def __init__(self, here: Scene, *, after: bool) -> None:
        self.commits = 0
        self._server = create_engine(here.store.engine.url, isolation_level="AUTOCOMMIT")
        self._after = after
        self._dialect: Any = here.store.engine.sync_engine.dialect
        self._commit = self._dialect.do_commit
        self._dialect.do_commit = self._cut_some  # type: ignore[method-assign,assignment]

    def _cut_some(self, connection: Any) -> None:
        self.commits += 1
        if self.commits % 5:
            self._commit(connection)
            return
        if self._after:
            self._commit(connection)
        with self._server.connect() as server:
            process = connection.driver_connection.info.backend_pid
            assert server.scalar(text("SELECT pg_terminate_backend(:process, 5000)"), {"process": process})
        # Fails as the commit would that nobody answers.
        cursor = connection.cursor()
        cursor.execute("SELECT 1")

    def close(self) -> None:
        self._dialect.do_commit = self._commit
        self._server.dispose()


@postgresql_only
@pytest.mark.parametrize("after", [False, True])
async def test_a_run_goes_on_when_commits_lose_their_connection(
    tmp_path: Path, after: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=ROWS)
        async with running(here.executor()) as executor:
            task_id = await here.enqueue(executor)
            cutter = Cutter(here, after=after)
            try:
                task = await here.ended(task_id)
            finally:
                cutter.close()
        assert (task.status, task.error_msg) == ("SUCCESS", None)
        assert cutter.commits >= 5
        assert {item.attempts for item in await here.all(WorkItem)} == {0}
        await here.assert_each_row_once(rows=ROWS, criteria=2)
    assert "Traceback" not in caplog.text
