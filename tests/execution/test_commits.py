"""Shared commits: one write that breaks does not take others with it."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution import leases
from elluminate_server.execution.commits import Commits
from elluminate_server.execution.leases import LeaseLostError
from elluminate_server.store.tables import LogLine, Task
from tests.execution.scene import Scene, scene

pytestmark = pytest.mark.anyio

OWNER = "this process"


async def add_task(here: Scene, owner: str) -> str:
    async with here.store.write() as session:
        task = Task(
            id=leases.new_owner(),
            project_id=here.project_id,
            kind="responses",
            status="STARTED",
            lease_owner=owner,
            lease_expires_at=leases.expiry(),
        )
        session.add(task)
    return task.id


async def test_writes_that_arrive_together_share_a_commit(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        task_id = await add_task(here, OWNER)
        commits: list[set[str]] = []
        writer = Commits(here.store, OWNER, commits.append)

        async def line(session: AsyncSession) -> str:
            session.add(LogLine(task_id=task_id, line="a line"))
            return "written"

        adding = [asyncio.create_task(writer.add(task_id, line)) for _ in range(10)]
        await asyncio.sleep(0)
        running = asyncio.create_task(writer.run())
        assert await asyncio.gather(*adding) == ["written"] * 10
        assert commits == [{task_id}]
        assert await here.count(LogLine) == 10
        running.cancel()


async def test_a_write_that_breaks_and_a_lost_lease_fail_alone(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        mine, theirs = await add_task(here, OWNER), await add_task(here, "another process")
        writer = Commits(here.store, OWNER, lambda _: None)

        async def line(session: AsyncSession) -> None:
            session.add(LogLine(task_id=mine, line="a line"))
            await session.flush()

        async def break_down(session: AsyncSession) -> None:
            session.add(LogLine(task_id="no such task", line="a line"))
            await session.flush()

        adding = [
            asyncio.create_task(writer.add(task_id, write))
            for task_id, write in [(mine, line), (mine, break_down), (theirs, line), (mine, line)]
        ]
        await asyncio.sleep(0)
        running = asyncio.create_task(writer.run())
        outcomes = await asyncio.gather(*adding, return_exceptions=True)
        running.cancel()
        assert [type(outcome) for outcome in outcomes] == [
            type(None),
            IntegrityError,
            LeaseLostError,
            type(None),
        ]
        assert await here.count(LogLine) == 2


async def test_who_waits_while_the_writer_is_stopped_is_cancelled(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        task_id = await add_task(here, OWNER)
        writer = Commits(here.store, OWNER, lambda _: None)
        entered = asyncio.Event()

        async def never_ending(_session: AsyncSession) -> None:
            entered.set()
            await asyncio.Event().wait()

        adding = asyncio.create_task(writer.add(task_id, never_ending))
        running = asyncio.create_task(writer.run())
        await entered.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await adding
        assert await here.count(LogLine) == 0
