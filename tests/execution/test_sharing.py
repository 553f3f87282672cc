"""Processes that share the items of a task, in one event loop: who takes what, and who says how it ends."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select, update

from elluminate_server.execution import Executor, executor, leases
from elluminate_server.store.tables import Response, Share, Task, WorkItem
from tests.execution.scene import Scene, eventually, running, scene
from tests.execution.test_leases import crash, expire_leases

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(executor, "LOOK_SECONDS", 0.05)


class Holding:
    """Lets the model answer when a test says so; who asks is told by the order."""

    def __init__(self, here: Scene) -> None:
        self.go_on = asyncio.Event()
        self.here = here
        here.model.on_answer = self.wait

    async def wait(self, _text: str) -> None:
        await self.go_on.wait()

    async def until_asked(self, count: int) -> None:
        async def is_asked() -> bool:
            return len(self.here.model.answered) >= count

        await eventually(is_asked, f"{count} answers are asked for")


async def holders(here: Scene) -> set[str]:
    return {item.holder for item in await here.all(WorkItem) if item.holder is not None}


async def until_both_hold(here: Scene, one: Executor, other: Executor) -> None:
    async def both() -> bool:
        return await holders(here) == {one.owner, other.owner}

    await eventually(both, "both processes hold items")


async def test_processes_of_one_deployment_share_a_run_and_each_item_is_one_s(tmp_path: Path) -> None:
    async with (
        scene(tmp_path, shares_work=True) as here,
        running(here.executor(concurrency=2)) as one,
        running(here.executor(concurrency=2)) as other,
    ):
        model = Holding(here)
        await here.add_experiment(rows=12)
        task_id = await here.enqueue(one)
        await until_both_hold(here, one, other)
        # Changes of a run that others have a part in have to be looked for.

        async def is_known_to_be_shared() -> bool:
            return not one.is_running(task_id)

        await eventually(is_known_to_be_shared, "the other's share is seen")
        model.go_on.set()
        assert (await here.ended(task_id)).status == "SUCCESS"
        await here.assert_each_row_once(rows=12, criteria=2)
        assert len(here.model.answered) == 12
        assert await here.count(Share) == 0


async def test_a_run_of_a_process_of_its_own_is_not_shared_until_that_is_gone(tmp_path: Path) -> None:
    """`local:` has settings of its own: its models are the ones that its user configured."""
    async with scene(tmp_path) as here, running(here.executor(shares_work=True)) as worker:
        model = Holding(here)
        await here.add_experiment(rows=12)
        own = here.executor(concurrency=2)
        await own.start()
        task_id = await here.enqueue(own)
        await model.until_asked(2)
        async with here.store.read() as session:
            is_open = await session.scalar(select(Task.is_open))
        assert not is_open
        before = worker._kept_at

        async def has_looked_again() -> bool:
            return worker._kept_at > before + 0.2

        await eventually(has_looked_again, "the worker has looked for work")
        assert await holders(here) == {own.owner}
        await crash(own)
        await expire_leases(here)
        model.go_on.set()
        assert (await here.ended(task_id)).status == "SUCCESS"
        await here.assert_each_row_once(rows=12, criteria=2)


async def test_what_a_process_that_only_serves_is_asked_any_worker_takes(tmp_path: Path) -> None:
    async with (
        scene(tmp_path, shares_work=True) as here,
        running(here.executor(works=False)) as server,
        running(here.executor()),
    ):
        await here.add_experiment(rows=3)
        assert (await here.ended(await here.enqueue(server))).status == "SUCCESS"
        await here.assert_each_row_once(rows=3, criteria=2)


async def test_an_answer_to_an_item_that_was_taken_over_is_not_stored_and_the_others_are(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as sleeper:
        model = Holding(here)
        await here.add_experiment(rows=3)
        task_id = await here.enqueue(sleeper)
        await model.until_asked(3)
        first = (await here.all(WorkItem))[0]
        async with here.store.write() as session:
            session.add(Share(task_id=task_id, owner="another", expires_at=leases.expiry()))
            await session.execute(update(WorkItem).where(WorkItem.id == first.id).values(holder="another"))
        model.go_on.set()

        async def are_stored() -> bool:
            return await here.count(Response) >= 2

        await eventually(are_stored, "the answers to the others are stored")
        # The end waits for the other process's item.
        assert (await here.task(task_id)).status == "STARTED"
        async with here.store.write() as session:
            await session.execute(
                update(Share).where(Share.owner == "another").values(expires_at=first_moment())
            )
        assert (await here.ended(task_id)).status == "SUCCESS"
        await here.assert_each_row_once(rows=3, criteria=2)
        assert len(here.model.answered) == 4


def first_moment() -> object:
    return leases.expiry().replace(year=2000)


async def test_the_process_that_answers_for_a_run_dies_and_its_helper_brings_it_to_its_end(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, shares_work=True) as here:
        model = Holding(here)
        await here.add_experiment(rows=12)
        one = here.executor(concurrency=2)
        await one.start()
        async with running(here.executor(concurrency=2)) as other:
            task_id = await here.enqueue(one)
            await until_both_hold(here, one, other)
            await crash(one)
            model.go_on.set()
            async with here.store.write() as session:
                await session.execute(update(Task).values(lease_expires_at=first_moment()))
                await session.execute(
                    update(Share).where(Share.owner == one.owner).values(expires_at=first_moment())
                )
            assert (await here.ended(task_id)).status == "SUCCESS"
        await here.assert_each_row_once(rows=12, criteria=2)


async def test_what_one_process_finds_hopeless_no_other_begins(
    tmp_path: Path,
) -> None:
    async with (
        scene(tmp_path, shares_work=True) as here,
        running(here.executor(concurrency=4)) as one,
        running(here.executor(concurrency=4)) as other,
    ):
        model = Holding(here)
        await here.add_experiment(rows=200)
        task_id = await here.enqueue(one)
        await until_both_hold(here, one, other)
        # As the one that came by it would write.
        async with here.store.write() as session:
            await session.execute(update(Task).values(ended_by="insufficient_quota: the account is empty"))

        async def both_know() -> bool:
            return all(
                run._asking.ended_by is not None
                for process in (one, other)
                for run in process._current.values()
            )

        await eventually(both_know, "both processes have heard of it")
        model.go_on.set()
        task = await here.ended(task_id)
        assert task.status == "FAILURE"
        assert "insufficient_quota" in (task.error_msg or "")
        # What was under way is kept; nothing more was asked for.
        assert await here.count(Response) == len(here.model.answered) < 40
        assert await here.count(Share) == 0
        assert await holders(here) == set()
