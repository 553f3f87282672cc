"""Tasks whose work is too much for one transaction: added in pieces, by whoever runs them, whatever happens between."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.verdicts import count_verdicts
from elluminate_server.execution import Executor, leases, preparing
from elluminate_server.execution.gaps import has_gaps
from elluminate_server.execution.progress import progress_of
from elluminate_server.execution.queueing import add_experiment
from elluminate_server.execution.requeueing import add_retry
from elluminate_server.llm.types import ModelError
from elluminate_server.reading.verdicts import load_accounts
from elluminate_server.store import pieces
from elluminate_server.store.pieces import write_in_pieces
from elluminate_server.store.tables import Entry, Experiment, LogLine, Response, Task, WorkItem
from tests.execution.scene import Scene, eventually, running, scene

pytestmark = pytest.mark.anyio


@pytest.fixture
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four rows make a piece, and there is no pause between two."""
    for name in ("FIRST_SIZE", "SMALLEST", "LARGEST"):
        monkeypatch.setattr(pieces, name, 4)
    monkeypatch.setattr(pieces, "GAP_SECONDS", 0)


async def retry(here: Scene, executor: Executor) -> str:
    """Queue what is missing; the task's id."""
    async with here.store.write() as session:
        experiment = await session.get_one(Experiment, here.experiment_id)
        task_id = await add_retry(session, executor.process, experiment, rating_mode="detailed")
    executor.wake()
    return task_id


async def revoke(here: Scene, executor: Executor) -> None:
    async with here.store.write() as session:
        experiment = await session.get_one(Experiment, here.experiment_id)
        task_id = await leases.revoke(session, experiment, "no longer wanted")
    assert task_id is not None
    executor.stop_run(task_id)


@pytest.mark.usefixtures("_small_pieces")
async def test_a_run_has_all_its_answers_from_the_beginning_and_its_items_by_and_by(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=7)
        executor = here.executor()
        task_id = await here.enqueue(executor, n_epochs=2)
        assert await here.count(WorkItem) == 4
        async with here.store.read() as session:
            progress = await progress_of(session, task_id)
        assert progress is not None
        assert (progress.answered, progress.total) == (0, 14)
        assert [(epoch.epoch, epoch.total) for epoch in progress.epochs] == [(1, 7), (2, 7)]
        async with here.store.write() as session:
            collection_id = (await here.all(Entry))[0].collection_id
            late = {"topic": "too late"}
            session.add(Entry(collection_id=collection_id, input_values=late, identity="late"))
        async with running(executor):
            assert (await here.ended(task_id)).payload == {"rating_mode": "detailed"}
        await here.assert_each_row_once(rows=7, epochs=2, criteria=2)


@pytest.mark.usefixtures("_small_pieces")
async def test_answers_that_are_not_queued_yet_are_accounted_for(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=7)
        executor = here.executor()
        await here.enqueue(executor, n_epochs=2)

        async def verdicts() -> dict[str, Any]:
            async with here.store.read() as session:
                account = (await load_accounts(session, [here.experiment_id]))[here.experiment_id]
            lacks = [lack for some in account.unanswered for lack in account.lacks_of_unanswered(some)]
            return count_verdicts({}, lacks)[0]

        assert await here.count(WorkItem) == 4
        assert (await verdicts())["pending"] == 7 * 2 * 2
        await revoke(here, executor)
        counts = await verdicts()
        assert (counts["pending"], counts["missing_answer_failed"]) == (0, 7 * 2 * 2)
        assert counts["reasons"] == [{"cause": "answer_failed", "reason": "no longer wanted", "count": 28}]


@pytest.mark.usefixtures("_small_pieces")
async def test_a_run_over_some_rows_takes_these_alone_in_every_epoch(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=20)
        rows = [row.id for row in await here.all(Entry)]
        chosen = [rows[19], *rows[2:11], rows[2]]
        executor = here.executor()
        async with here.store.write() as session:
            task_id = await add_experiment(
                session,
                executor.process,
                await session.get_one(Experiment, here.experiment_id),
                rating_mode="detailed",
                n_epochs=2,
                generation_params=None,
                only=chosen,
            )
        async with here.store.read() as session:
            account = (await load_accounts(session, [here.experiment_id]))[here.experiment_id]
        assert sum(some.count for some in account.unanswered) == 20
        async with running(executor):
            await here.ended(task_id)
        await here.assert_each_row_once(rows=10, epochs=2, criteria=2)
        assert {response.entry_id for response in await here.all(Response)} == set(chosen)


@pytest.mark.usefixtures("_small_pieces")
async def test_a_process_that_dies_between_two_pieces_leaves_the_rest_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, prepared = preparing.prepare, 0
    dying: list[Executor] = []

    async def die_after_two(session: AsyncSession, task: Task, size: int) -> bool:
        nonlocal prepared
        is_over = await prepare(session, task, size)
        prepared += 1
        if prepared == 3:
            for service in dying[0]._services:  # before it takes the task up again
                service.cancel()
            raise asyncio.CancelledError
        return is_over

    async with scene(tmp_path) as here:
        await here.add_experiment(rows=20)
        task_id = await here.enqueue(here.executor())
        monkeypatch.setattr("elluminate_server.execution.run.prepare", die_after_two)
        async with here.store.write() as session:
            await session.execute(update(Task).values(lease_owner=None, lease_expires_at=None))
        dying.append(here.executor())
        await dying[0].start()

        async def is_dead() -> bool:
            return prepared == 3 and not dying[0]._runs

        await eventually(is_dead, "the third piece is cut off")
        assert await here.count(WorkItem) == 4 + 2 * 4
        assert here.model.answered == []
        async with here.store.write() as session:
            await session.execute(update(Task).values(lease_owner=None, lease_expires_at=None))
        async with running(here.executor()):
            assert (await here.ended(task_id)).status == "SUCCESS"
        assert len(here.model.answered) == 20
        await here.assert_each_row_once(rows=20, criteria=2)


@pytest.mark.usefixtures("_small_pieces")
async def test_what_was_never_queued_of_a_cancelled_run_is_brought_by_a_retry(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=11)
        executor = here.executor()
        task_id = await here.enqueue(executor, n_epochs=2)
        for _ in range(2):  # the second time, what the first retry has not queued either
            await revoke(here, executor)
            task_id = await retry(here, executor)
        assert await here.count(WorkItem) == 3 * 4
        async with running(executor):
            assert (await here.ended(task_id)).status == "SUCCESS"
        assert len(here.model.answered) == 22
        await here.assert_each_row_once(rows=11, epochs=2, criteria=2)
        async with here.store.read() as session:
            assert {item.task_id for item in await here.all(WorkItem)} == {task_id}
            assert not await has_gaps(here.store, await session.get_one(Experiment, here.experiment_id))


@pytest.mark.usefixtures("_small_pieces")
async def test_gaps_of_many_rows_are_found_and_brought_piece_by_piece(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=25)
        async with running(here.executor()) as executor:
            await here.ended(await here.enqueue(executor))
            judged = len(here.model.judged)
            responses = await here.all(Response)
            async with here.store.write() as session:
                for response in responses[::3]:
                    lost = await session.get_one(Response, response.id)
                    lost.error = "no answer"
            task_id = await retry(here, executor)
            assert (await here.ended(task_id)).status == "SUCCESS"
            items = [item for item in await here.all(WorkItem) if item.task_id == task_id]
            assert len(items) == len(responses[::3]) == 9
        assert len(here.model.answered) == 25 + 9
        assert len(here.model.judged) == judged + 9 * 2
        await here.assert_each_row_once(rows=25, criteria=2)


async def test_reasons_stay_with_the_answer_until_its_verdict_is_there(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=1, criteria=("Is it short?", "Is it kind?"))

        async def reasons() -> list[dict[str, str] | None]:
            return [item.rating_errors for item in await here.all(WorkItem)]

        async def refuse(criterion: str) -> None:
            raise ModelError(f"Not that: {criterion}", retryable=False)

        answering = here.model.on_judge
        here.model.on_judge = refuse
        async with running(here.executor()) as executor:
            await here.ended(await here.enqueue(executor))
            (first,) = await reasons()
            assert first == {"1": "Not that: Is it short?", "2": "Not that: Is it kind?"}

            async def refuse_one(criterion: str) -> None:
                if "kind" in criterion:
                    raise ModelError("Still not.", retryable=False)

            here.model.on_judge = refuse_one
            await here.ended(await retry(here, executor))
            assert await reasons() == [None, {"2": "Still not."}]
            here.model.on_judge = answering
            await here.ended(await retry(here, executor))
            assert await reasons() == [None, None, None]
        await here.assert_each_row_once(rows=1, criteria=2)


async def test_pieces_grow_while_they_are_quick_and_leave_room_for_other_writers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "PIECE_SECONDS", 3600.0)  # every piece is quick, however busy the machine

    async with scene(tmp_path) as here:
        await here.add_experiment()
        task_id = await here.enqueue(here.executor())
        sizes: list[int] = []
        waits: list[float] = []

        async def write(session: AsyncSession, size: int) -> bool:
            sizes.append(size)
            session.add(LogLine(task_id=task_id, line=f"{size}"))
            return len(sizes) == 4

        async def write_otherwise() -> None:
            while len(sizes) < 4:
                began = time.monotonic()
                async with here.store.write():
                    waits.append(time.monotonic() - began)

        await asyncio.gather(write_in_pieces(here.store, write), write_otherwise())
        assert sizes == [pieces.FIRST_SIZE * 2**power for power in range(4)]
        assert await here.log() == [f"{size}" for size in sizes]
        assert len(waits) >= 4
