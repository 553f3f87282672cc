"""Whose run it is: stops, crashes, and several processes on one database."""

import asyncio
import datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from elluminate_server.execution import Executor, leases
from elluminate_server.execution.queueing import add_experiment
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import Response, Task
from tests.execution.scene import Scene, eventually, running, scene

pytestmark = pytest.mark.anyio


async def until_answered(here: Scene, count: int) -> None:
    async def enough() -> bool:
        return await here.count(Response) >= count

    await eventually(enough, f"{count} answers are stored")


def hold_after(here: Scene, calls: int) -> asyncio.Event:
    """Answer the first calls; the others wait for the event."""
    go_on = asyncio.Event()

    async def hold(_text: str) -> None:
        if len(here.model.answered) > calls:
            await go_on.wait()

    here.model.on_answer = hold
    return go_on


async def crash(executor: Executor) -> None:
    """End an executor as kill -9 would: nothing is given back."""
    tasks = [*executor._runs.values(), *executor._services]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_a_stopped_server_leaves_the_next_one_finishes(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=6)
        go_on = hold_after(here, 3)
        async with running(here.executor()) as first:
            task_id = await here.enqueue(first)
            await until_answered(here, 3)
        task = await here.task(task_id)
        assert (task.status, task.lease_owner, task.attempts) == ("STARTED", None, 0)
        assert (await here.experiment()).generation_task_id == task_id
        go_on.set()
        async with running(here.executor()):
            assert (await here.ended(task_id)).status == "SUCCESS"
        await here.assert_each_row_once(rows=6, criteria=2)


async def test_what_a_killed_server_leaves_is_taken_when_its_lease_has_expired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.5)
    monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 0.1)
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=6)
        go_on = hold_after(here, 3)
        first = here.executor()
        await first.start()
        task_id = await here.enqueue(first)
        await until_answered(here, 3)
        await crash(first)
        answered_before = len(here.model.answered)
        go_on.set()
        async with running(here.executor()):
            assert (await here.ended(task_id)).status == "SUCCESS"
        await here.assert_each_row_once(rows=6, criteria=2)
        # The calls in flight are the only ones that were made twice.
        assert len(here.model.answered) == answered_before + 3


async def test_a_run_between_answer_and_rating_is_rated_after_a_restart(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=2)
        go_on = asyncio.Event()

        async def hold_after_first(_criterion: str) -> None:
            if len(here.model.judged) > 1:
                await go_on.wait()

        here.model.on_judge = hold_after_first
        async with running(here.executor()) as first:
            task_id = await here.enqueue(first)
            await until_answered(here, 2)
        go_on.set()
        async with running(here.executor()):
            assert (await here.ended(task_id)).status == "SUCCESS"
        assert len(here.model.answered) == 2
        await here.assert_each_row_once(rows=2, criteria=2)


async def test_two_servers_on_one_database_do_each_piece_once(tmp_path: Path) -> None:
    async with (
        scene(tmp_path) as here,
        running(here.executor()) as one,
        running(here.executor()) as other,
    ):
        task_ids = []
        for number, executor in enumerate([one, other, one, other]):
            await here.add_experiment(rows=5, name=f"experiment {number}")
            task_ids.append(await here.enqueue(executor))
            one.wake()
            other.wake()
        for task_id in task_ids:
            task = await here.ended(task_id)
            assert (task.status, task.attempts) == ("SUCCESS", 1)
        assert len(here.model.answered) == 20
        await here.assert_each_row_once(rows=20, criteria=2)


async def test_a_queued_task_is_left_to_the_server_that_was_asked(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as other:
        await here.add_experiment(rows=1)
        asked = here.executor()
        task_id = await here.enqueue(asked)
        async with here.store.read() as session:
            assert await leases.find_claimable(session, other.owner, [], 10) == {}
            assert await leases.find_claimable(session, asked.owner, [], 10) == {task_id: False}


async def test_a_server_that_lost_its_lease_writes_nothing_more(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as sleeper:
        await here.add_experiment(rows=4)
        go_on = hold_after(here, 2)
        task_id = await here.enqueue(sleeper)
        await until_answered(here, 2)
        async with here.store.write() as session:
            await session.execute(
                update(Task).values(lease_owner="another process", lease_expires_at=leases.expiry())
            )
        go_on.set()

        async def gave_up() -> bool:
            return not sleeper.is_running(task_id)

        await eventually(gave_up, "the run notices that it is another's")
        assert await here.count(Response) == 2
        task = await here.task(task_id)
        assert (task.status, task.lease_owner) == ("STARTED", "another process")


async def test_a_task_that_kills_its_servers_is_given_up(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=1)
        async with here.store.write() as session:
            experiment = await here.experiment()
            task_id = await add_experiment(
                session,
                executor.owner,
                await session.merge(experiment),
                rating_mode="fast",
                n_epochs=1,
                generation_params=None,
            )
            await session.execute(update(Task).values(status="STARTED", attempts=leases.MAX_ATTEMPTS))
        executor.wake()
        task = await here.ended(task_id)
        assert task.status == "FAILURE"
        assert "ended 5 times in a row in the middle of this task" in (task.error_msg or "")
        assert (await here.experiment()).has_internal_error
        assert here.model.answered == []


async def test_servers_that_die_before_any_answer_count_as_so_many_lives(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=2)
        hold_after(here, 0)
        task_id = ""
        for _ in range(leases.MAX_ATTEMPTS):
            executor, asked = here.executor(), len(here.model.answered)
            await executor.start()
            task_id = task_id or await here.enqueue(executor)

            async def asks(before: int = asked) -> bool:
                return len(here.model.answered) > before

            await eventually(asks, "the model is asked")
            await crash(executor)
            async with here.store.write() as session:
                await session.execute(update(Task).values(lease_expires_at=utc_now()))
        async with running(here.executor()):
            task = await here.ended(task_id)
        assert task.status == "FAILURE"
        assert "got nothing more of it done" in (task.error_msg or "")


async def test_a_lease_that_ends_later_than_a_lease_can_is_expired(tmp_path: Path) -> None:
    """The clock was an hour ahead when its owner was killed."""

    async with scene(tmp_path) as here:
        await here.add_experiment(rows=2)
        task_id = await here.enqueue(here.executor())
        async with here.store.write() as session:
            ahead = leases.expiry() + datetime.timedelta(hours=1)
            await session.execute(update(Task).values(lease_expires_at=ahead))
        async with running(here.executor()):
            assert (await here.ended(task_id)).status == "SUCCESS"
