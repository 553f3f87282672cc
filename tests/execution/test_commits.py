"""Shared commits: one write that breaks does not take others with it."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from elluminate_server.execution import commits as shared_commits
from elluminate_server.execution import leases
from elluminate_server.execution.commits import Commits
from elluminate_server.execution.leases import LeaseLostError
from elluminate_server.execution.shares import keep_while_writing
from elluminate_server.store.tables import Base, LogLine, Task
from tests.execution.scene import Scene, scene
from tests.support.databases import sqlite_only

pytestmark = pytest.mark.anyio

NO_TASK = "no such task"


async def add_task(here: Scene, status: str = "STARTED") -> str:
    async with here.store.write() as session:
        task = Task(
            id=leases.new_owner(),
            project_id=here.project_id,
            kind="responses",
            status=status,
        )
        session.add(task)
    return task.id


def keep(connection: Connection, records: Sequence[tuple[str, str]]) -> set[str]:
    return keep_while_writing(connection, "this process", dict.fromkeys([task for task, _ in records], True))


def write_lines(connection: Connection, records: Sequence[tuple[str, str]]) -> list[str]:
    """Each record is the task whose log gets a line."""
    lines = [{"task_id": record, "line": "a line"} for _, record in records]
    if lines:
        connection.execute(insert(Base.metadata.tables[LogLine.__tablename__]), lines)
    return ["written"] * len(records)


async def test_writes_that_arrive_together_share_a_commit(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        task_id = await add_task(here)
        commits: list[set[str]] = []
        writer = Commits(here.store, keep, write_lines, commits.append)
        adding = [asyncio.create_task(writer.add(task_id, task_id)) for _ in range(10)]
        await asyncio.sleep(0)
        running = asyncio.create_task(writer.run())
        assert await asyncio.gather(*adding) == ["written"] * 10
        assert commits == [{task_id}]
        assert await here.count(LogLine) == 10
        running.cancel()


async def test_writes_that_come_soon_after_a_commit_share_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_commits, "GATHER_SECONDS", 0.2)
    async with scene(tmp_path) as here:
        task_id = await add_task(here)
        commits: list[set[str]] = []
        writer = Commits(here.store, keep, write_lines, commits.append)
        running = asyncio.create_task(writer.run())
        await writer.add(task_id, task_id)
        adding = []
        for _ in range(10):
            adding.append(asyncio.create_task(writer.add(task_id, task_id)))
            await asyncio.to_thread(int)  # which is long enough for a commit of one to begin
        await asyncio.gather(*adding)
        assert commits == [{task_id}] * 2
        running.cancel()


async def test_a_write_that_breaks_and_one_of_a_task_that_is_over_fail_alone(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        mine, revoked = await add_task(here), await add_task(here, "REVOKED")
        writer = Commits(here.store, keep, write_lines, lambda _: None)
        adding = [
            asyncio.create_task(writer.add(task_id, record))
            for task_id, record in [(mine, mine), (mine, NO_TASK), (revoked, revoked), (mine, mine)]
        ]
        await asyncio.sleep(0)
        running = asyncio.create_task(writer.run())
        outcomes = await asyncio.gather(*adding, return_exceptions=True)
        running.cancel()
        assert [type(outcome) for outcome in outcomes] == [str, IntegrityError, LeaseLostError, str]
        assert await here.count(LogLine) == 2


@sqlite_only
async def test_who_waits_while_the_writer_is_stopped_is_cancelled_and_what_is_begun_is_written(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as here:
        task_id = await add_task(here)
        entered, go_on = threading.Event(), threading.Event()

        def write_slowly(connection: Connection, records: Sequence[tuple[str, str]]) -> list[str]:
            entered.set()
            assert go_on.wait(30)
            return write_lines(connection, records)

        writer = Commits(here.store, keep, write_slowly, lambda _: None)
        adding = asyncio.create_task(writer.add(task_id, task_id))
        running = asyncio.create_task(writer.run())
        assert await asyncio.to_thread(entered.wait, 30)
        running.cancel()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await adding
        assert await here.count(LogLine) == 1
