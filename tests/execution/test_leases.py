"""Whose run it is: stops, crashes, and several processes on one database."""

import asyncio
import datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from elluminate_server.execution import Executor, leases
from elluminate_server.execution.queueing import add_experiment
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import Rating, Response, Share, Task, WorkItem
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


async def test_a_server_that_lost_its_lease_writes_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 0.1)
    async with scene(tmp_path) as here, running(here.executor()) as sleeper:
        await here.add_experiment(rows=4)
        go_on = hold_after(here, 2)
        task_id = await here.enqueue(sleeper)
        await until_answered(here, 2)
        async with here.store.write() as session:
            await session.execute(
                update(Task).values(lease_owner="another process", lease_expires_at=leases.expiry())
            )
            await session.execute(update(WorkItem).values(holder="another process"))
        go_on.set()

        async def gave_up() -> bool:
            return not sleeper.is_running(task_id)

        await eventually(gave_up, "the run notices that it is another's")
        assert await here.count(Response) == 2
        task = await here.task(task_id)
        assert (task.status, task.lease_owner) == ("STARTED", "another process")


async def test_a_task_that_kills_its_servers_is_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=1)
        async with here.store.write() as session:
            experiment = await here.experiment()
            task_id = await add_experiment(
                session,
                executor.process,
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
        (told,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
        assert task_id in told and "Given up" in told


async def expire_leases(here: Scene) -> None:
    """Let the time go by until what a crashed executor held is free."""
    async with here.store.write() as session:
        await session.execute(update(Task).values(lease_expires_at=utc_now()))
        await session.execute(update(Share).values(expires_at=utc_now()))


async def test_a_row_over_which_servers_die_is_given_up_and_the_others_are_done(tmp_path: Path) -> None:
    poison, rows = "Explain topic3.", 6
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=rows)
        dies = asyncio.Event()

        async def answer(text: str) -> None:
            # Whoever is asked about the poison dies of it; what is asked beside it is not answered before.
            if text == poison:
                dies.set()
            if poison in here.model.answered[asked:]:
                await asyncio.Event().wait()

        here.model.on_answer = answer
        task_id, deaths = "", 0
        while True:
            executor, asked = here.executor(), len(here.model.answered)
            await executor.start()
            task_id = task_id or await here.enqueue(executor)

            async def is_dead_or_done(task_id: str = task_id) -> bool:
                return dies.is_set() or (await here.task(task_id)).status == "SUCCESS"

            await eventually(is_dead_or_done, "it dies, or the run is over")
            if not dies.is_set():
                await executor.stop()
                break
            await crash(executor)
            deaths += 1
            dies.clear()
            await expire_leases(here)
        # Two deaths more than count at most: of those processes that had done something before.
        assert leases.MAX_ATTEMPTS <= deaths <= leases.MAX_ATTEMPTS + 2
        assert here.model.answered.count(poison) == deaths
        responses = await here.all(Response)
        assert len({response.entry_id for response in responses}) == len(responses) == rows
        (failed,) = [response for response in responses if response.error]
        assert failed.error.startswith("Given up: 5 processes ended in the middle of it")
        assert await here.count(Rating) == (rows - 1) * 2


async def test_a_verdict_over_which_servers_die_is_given_up_and_the_others_are_given(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=1, criteria=("Is it short?", "Does it kill?"))
        dies = asyncio.Event()

        async def judge(criterion: str) -> None:
            if "kill" in criterion:
                dies.set()
                await asyncio.Event().wait()

        here.model.on_judge = judge
        task_id = ""
        for life in range(leases.MAX_ATTEMPTS):
            executor = here.executor()
            await executor.start()
            task_id = task_id or await here.enqueue(executor)
            async with asyncio.timeout(30):
                await dies.wait()
            if not life:

                async def is_rated() -> bool:
                    return await here.count(Rating) == 1

                await eventually(is_rated, "the other verdict is stored")
            await crash(executor)
            dies.clear()
            await expire_leases(here)
        async with running(here.executor()):
            assert (await here.ended(task_id)).status == "SUCCESS"
        (item,) = await here.all(WorkItem)
        assert [problem[:8] for problem in item.rating_errors.values()] == ["Given up"]
        assert await here.count(Rating) == 1
        assert len(here.model.answered) == 1


async def test_deaths_in_lives_with_progress_give_no_row_up(tmp_path: Path) -> None:
    """Ten kills, each after something was done: as when a machine restarts again and again."""
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=11)
        task_id = ""
        for life in range(10):
            asked = len(here.model.answered)

            async def answer_one(_text: str, before: int = asked) -> None:
                if len(here.model.answered) > before + 1:
                    await asyncio.Event().wait()

            here.model.on_answer = answer_one
            executor = here.executor()
            await executor.start()
            task_id = task_id or await here.enqueue(executor)
            await until_answered(here, life + 1)
            await crash(executor)
            await expire_leases(here)
        here.model.on_answer = lambda _: asyncio.sleep(0)
        async with running(here.executor()):
            assert (await here.ended(task_id)).status == "SUCCESS"
        assert [response.error for response in await here.all(Response)] == [None] * 11
        await here.assert_each_row_once(rows=11, criteria=2)


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
