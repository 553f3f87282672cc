"""Batches: responses that are given or generated, and ratings of chosen responses."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from elluminate_server.execution import Executor
from elluminate_server.execution.queueing import ResponseOrder, add_ratings, add_responses
from elluminate_server.llm.types import ModelError
from elluminate_server.store.tables import Entry, Prompt, Rating, Response, WorkItem
from tests.execution.scene import Scene, eventually, running, scene

pytestmark = pytest.mark.anyio

GIVEN = [{"role": "assistant", "content": "Given."}]


async def enqueue(here: Scene, executor: Executor, orders: list[ResponseOrder]) -> str | None:
    async with here.store.write() as session:
        task_id = await add_responses(session, executor.process, here.project_id, orders)
    executor.wake()
    return task_id


async def rate(here: Scene, executor: Executor, response_ids: list[int]) -> str:
    async with here.store.write() as session:
        task_id = await add_ratings(
            session, executor.process, here.project_id, response_ids, rating_mode="detailed"
        )
    executor.wake()
    assert task_id is not None
    return task_id


async def orders_for_all(here: Scene, messages: list[dict[str, str]]) -> list[ResponseOrder]:
    return [
        ResponseOrder(experiment_id=here.experiment_id, entry_id=entry.id, messages=messages)
        for entry in await here.all(Entry)
    ]


async def test_given_responses_are_there_with_the_request_and_the_task_is_over(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=3)
        task_id = await enqueue(here, executor, await orders_for_all(here, GIVEN))
        assert task_id is not None
        assert (await here.task(task_id)).status == "SUCCESS"
        assert [response.messages for response in await here.all(Response)] == [GIVEN] * 3
        assert [prompt.messages[0]["content"] for prompt in await here.all(Prompt)] == [
            f"Explain topic{number}." for number in (1, 2, 3)
        ]
        assert here.model.answered == []


async def test_empty_messages_are_generated_and_not_rated(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=3)
        given, *others = await orders_for_all(here, [])
        mixed = [
            ResponseOrder(experiment_id=given.experiment_id, entry_id=given.entry_id, messages=GIVEN),
            *others,
        ]
        task_id = await enqueue(here, executor, mixed)
        assert task_id is not None
        assert (await here.ended(task_id)).status == "SUCCESS"
        assert sorted(here.model.answered) == ["Explain topic2.", "Explain topic3."]
        assert await here.count(Response) == 3
        assert await here.count(Rating) == 0
        assert {item.state for item in await here.all(WorkItem)} == {"done"}


async def test_a_batch_may_hold_a_row_several_times(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=1)
        orders = await orders_for_all(here, [])
        task_id = await enqueue(here, executor, orders * 3)
        assert task_id is not None
        await here.ended(task_id)
        assert (await here.count(Response), await here.count(Prompt)) == (3, 1)


async def test_an_empty_batch_is_no_task(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=1)
        assert await enqueue(here, here.executor(), []) is None


async def test_a_batch_in_which_every_call_fails_is_a_failure(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=2)

        async def refuse(_text: str) -> None:
            raise ModelError("No such model.")

        here.model.on_answer = refuse
        task_id = await enqueue(here, executor, await orders_for_all(here, []))
        assert task_id is not None
        task = await here.ended(task_id)
        assert (task.status, task.error_msg) == (
            "FAILURE",
            "None of the 2 responses could be generated. No such model.",
        )


async def test_rating_again_replaces_and_keeps_the_order_of_the_request(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=3)
        await here.ended(await here.enqueue(executor))
        before = await here.all(Rating)
        chosen = [response.id for response in reversed(await here.all(Response))][:2]
        judged = len(here.model.judged)
        task_id = await rate(here, executor, chosen)
        assert (await here.ended(task_id)).status == "SUCCESS"
        assert len(here.model.judged) == judged + 4
        after = await here.all(Rating)
        assert len(after) == len(before)
        started = (await here.task(task_id)).created_at
        assert {r.response_id for r in after if r.created_at >= started} == set(chosen)
        items = [item for item in await here.all(WorkItem) if item.task_id == task_id]
        assert [item.response_id for item in items] == chosen


async def test_a_rating_batch_goes_on_after_a_restart_without_rating_twice(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=2)
        async with running(here.executor()) as executor:
            await here.ended(await here.enqueue(executor))
            judged = len(here.model.judged)
            go_on = asyncio.Event()
            last_is_open = asyncio.Event()

            async def hold_last(_criterion: str) -> None:
                if len(here.model.judged) == judged + 4:
                    last_is_open.set()
                    await go_on.wait()

            here.model.on_judge = hold_last
            task_id = await rate(here, executor, [r.id for r in await here.all(Response)])
            async with asyncio.timeout(30):
                await last_is_open.wait()
            started = (await here.task(task_id)).created_at

            async def three_are_new() -> bool:
                ratings = await here.all(Rating)
                return len([rating for rating in ratings if rating.created_at >= started]) == 3

            await eventually(three_are_new, "three of four ratings are stored")
        go_on.set()
        async with running(here.executor()):
            assert (await here.ended(task_id)).status == "SUCCESS"
        assert len(here.model.judged) == judged + 5
        await here.assert_each_row_once(rows=2, criteria=2)


async def test_what_is_to_be_judged_is_read_many_at_a_time(tmp_path: Path) -> None:
    read: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM responses JOIN prompts" in " ".join(statement.split()):
            read.append(statement)

    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=30)
        await enqueue(here, executor, await orders_for_all(here, GIVEN))
        ids = [response.id for response in await here.all(Response)]
        event.listen(Engine, "before_cursor_execute", note)
        try:
            task_id = await rate(here, executor, ids)
            assert (await here.ended(task_id)).status == "SUCCESS"
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        assert await here.count(Rating) == 60
    assert 1 <= len(read) < 10
