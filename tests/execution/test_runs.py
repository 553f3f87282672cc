"""A run from start to end: what is stored, when it is stored, and how it is reported."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from elluminate_server.domain.errors import DomainError
from elluminate_server.execution import Executor, queueing
from elluminate_server.execution.progress import log_after, log_for_connection, progress_of
from elluminate_server.llm.providers import ModelDefaults, Models
from elluminate_server.llm.types import ModelError
from elluminate_server.store.tables import Criterion, Experiment, Prompt, Rating, Response, Task, WorkItem
from tests.execution.scene import eventually, running, scene
from tests.support.databases import sqlite_only
from tests.support.model_server import ModelServer

pytestmark = pytest.mark.anyio


async def test_a_run_answers_and_rates_every_row(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=5)
        task_id = await here.enqueue(executor)
        assert (await here.experiment()).generation_task_id == task_id
        task = await here.ended(task_id)
        assert (task.status, task.error_msg) == ("SUCCESS", None)
        await here.assert_each_row_once(rows=5, criteria=2)
        experiment = await here.experiment()
        assert experiment.generation_task_id is None
        assert experiment.started_at is not None
        assert experiment.finished_at is not None
        assert not experiment.has_internal_error
        log = await here.log()
        assert [line for line in log if line.startswith("Generated")] == [
            f"Generated {number}/5" for number in range(1, 6)
        ]
        assert [line for line in log if line.startswith("Rated")] == [
            f"Rated {number}/5" for number in range(1, 6)
        ]


async def test_criteria_are_judged_with_the_row_s_values(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=1, criteria=["Is it {{topic}}?"])
        await here.ended(await here.enqueue(executor))
        assert here.model.judged == ["Is it topic1?"]
        (prompt,) = await here.all(Prompt)
        assert prompt.messages == [{"role": "user", "content": "Explain topic1."}]
        assert prompt.input_values == {"topic": "topic1"}


async def test_an_experiment_without_criteria_ends_with_answers_only(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=2, criteria=[])
        assert (await here.ended(await here.enqueue(executor))).status == "SUCCESS"
        await here.assert_each_row_once(rows=2, criteria=0)


async def test_a_collection_without_rows_ends_at_once(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=0)
        assert (await here.ended(await here.enqueue(executor))).status == "SUCCESS"


async def test_epochs_answer_every_row_that_often_with_one_prompt(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=2)
        task_id = await here.enqueue(executor, n_epochs=3)
        await here.ended(task_id)
        await here.assert_each_row_once(rows=2, criteria=2, epochs=3)
        assert await here.count(Prompt) == 2
        assert (await here.experiment()).n_epochs == 3
        async with here.store.read() as session:
            progress = await progress_of(session, task_id)
        assert progress is not None
        assert [(e.epoch, e.answered, e.rated, e.total) for e in progress.epochs] == [
            (1, 2, 2, 2),
            (2, 2, 2, 2),
            (3, 2, 2, 2),
        ]


async def test_every_answer_and_rating_is_stored_as_it_arrives(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=3, criteria=["Is it short?"])
        third, judging = asyncio.Event(), asyncio.Event()

        async def hold_third(text: str) -> None:
            if "topic3" in text:
                await third.wait()

        async def hold_judge(_criterion: str) -> None:
            if len(here.model.judged) > 1:
                await judging.wait()

        here.model.on_answer, here.model.on_judge = hold_third, hold_judge
        task_id = await here.enqueue(executor)

        async def two_answers_one_rating() -> bool:
            return (await here.count(Response), await here.count(Rating)) == (2, 1)

        await eventually(two_answers_one_rating, "two answers and a rating while the rest is open")
        async with here.store.read() as session:
            progress = await progress_of(session, task_id)
        assert progress is not None
        assert (progress.status, progress.answered, progress.total) == ("STARTED", 2, 3)
        third.set()
        judging.set()
        assert (await here.ended(task_id)).status == "SUCCESS"
        await here.assert_each_row_once(rows=3, criteria=1)


async def test_calls_stay_within_the_experiment_s_bound(tmp_path: Path, model_server: ModelServer) -> None:
    models = Models(ModelDefaults(base_url=model_server.base_url, model="scripted"))
    async with scene(tmp_path) as here, running(Executor(here.store, models, here.settings)) as executor:
        await here.add_experiment(rows=20, criteria=[])
        with model_server.held():
            task_id = await here.enqueue(executor, max_connections=3)
            await asyncio.to_thread(model_server.wait_for_requests, 3)
        await here.ended(task_id)
    assert model_server.most_at_once == 3
    await models.aclose()


async def test_a_failed_answer_is_recorded_and_the_run_goes_on(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=3, criteria=["Is it short?"])

        async def fail_second(text: str) -> None:
            if "topic2" in text:
                raise ModelError("The provider had a bad day.")

        here.model.on_answer = fail_second
        task = await here.ended(await here.enqueue(executor))
        assert task.status == "SUCCESS"
        responses = await here.all(Response)
        assert sorted(response.error or "" for response in responses) == [
            "",
            "",
            "The provider had a bad day.",
        ]
        failed = next(response for response in responses if response.error)
        assert failed.messages == []
        assert all(rating.response_id != failed.id for rating in await here.all(Rating))
        assert any("The provider had a bad day." in line for line in await here.log())


async def test_a_run_in_which_every_call_fails_is_a_failure_with_the_provider_s_reason(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=2)

        async def refuse(_text: str) -> None:
            raise ModelError("401 Incorrect API key provided.", status=401)

        here.model.on_answer = refuse
        task = await here.ended(await here.enqueue(executor))
        assert task.status == "FAILURE"
        assert task.error_msg == (
            "None of the 2 responses could be generated. 401 Incorrect API key provided."
        )
        assert await here.count(Response) == 2
        assert not (await here.experiment()).has_internal_error


async def test_a_criterion_that_cannot_be_judged_gets_no_verdict_and_is_logged(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=1, criteria=["Is it good?", "Is it bad?"])

        async def refuse_bad(criterion: str) -> None:
            if "bad" in criterion:
                raise ModelError("The judge answered nonsense twice.")

        here.model.on_judge = refuse_bad
        task = await here.ended(await here.enqueue(executor))
        assert task.status == "SUCCESS"
        good, bad = await here.all(Criterion)
        assert [rating.criterion_id for rating in await here.all(Rating)] == [good.id]
        (item,) = await here.all(WorkItem)
        assert item.rating_errors == {str(bad.id): "The judge answered nonsense twice."}
        assert any("The judge answered nonsense twice." in line for line in await here.log())


async def test_a_run_in_which_nothing_can_be_judged_is_a_failure(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=2)

        async def refuse(_criterion: str) -> None:
            raise ModelError("The judge is not there.")

        here.model.on_judge = refuse
        task = await here.ended(await here.enqueue(executor))
        assert (task.status, task.error_msg) == (
            "FAILURE",
            "None of the 2 responses could be rated. The judge is not there.",
        )
        assert await here.count(Response) == 2


async def test_the_mock_rating_version_calls_no_model(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=2)
        async with here.store.write() as session:
            await session.execute(update(Experiment).values(rating_version="mock"))
        await here.ended(await here.enqueue(executor))
        assert here.model.judged == []
        await here.assert_each_row_once(rows=2, criteria=2)


async def test_a_deleted_experiment_stops_its_run(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=3)
        go_on = asyncio.Event()

        async def hold(_text: str) -> None:
            await go_on.wait()

        here.model.on_answer = hold
        task_id = await here.enqueue(executor)

        async def under_way() -> bool:
            return len(here.model.answered) == 3

        await eventually(under_way, "all calls are open")
        async with here.store.write() as session:
            await session.execute(
                update(Task).where(Task.id == task_id).values(status="REVOKED", experiment_id=None)
            )
            await session.execute(delete(Experiment).where(Experiment.id == here.experiment_id))
        with executor.notices.watch(task_id) as watch:
            executor.wake()
            assert await watch.wait_for_end(30)
        assert not executor.is_running(task_id)
        assert await here.count(Response) == 0
        assert (await here.task(task_id)).status == "REVOKED"


async def test_a_run_over_its_time_limit_ends_as_timeout(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor(run_time_limit=1.0)) as executor:
        await here.add_experiment(rows=2)

        async def hold_second(text: str) -> None:
            if "topic2" in text:
                await asyncio.Event().wait()

        here.model.on_answer = hold_second
        task = await here.ended(await here.enqueue(executor))
        assert task.status == "TIMEOUT"
        assert task.error_msg == "Not finished within 1 seconds. What was done until then is kept."
        assert await here.count(Response) == 1
        assert (await here.experiment()).generation_task_id is None


async def test_a_fault_of_the_server_ends_the_run_and_is_marked(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=1)

        async def break_down(_text: str) -> None:
            raise KeyError("secret detail")

        here.model.on_answer = break_down
        task = await here.ended(await here.enqueue(executor))
        assert task.status == "FAILURE"
        assert task.error_msg is not None
        assert "KeyError" in task.error_msg
        assert "secret detail" not in task.error_msg
        assert (await here.experiment()).has_internal_error


async def test_a_run_that_would_be_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queueing, "MAX_ANSWERS", 11)
    async with scene(tmp_path) as here:
        await here.add_experiment(rows=3)
        with pytest.raises(DomainError, match="3 rows in 4 epochs are 12 answers"):
            await here.enqueue(here.executor(), n_epochs=4)
        assert await here.count(Task) == 0


@sqlite_only  # whose plans are read
async def test_how_far_a_run_is_is_counted_in_indexes_alone(tmp_path: Path) -> None:
    statements: list[str] = []
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=3)
        task_id = await here.enqueue(executor)
        await here.ended(task_id)
        async with here.store.read() as session:
            driver = (await (await session.connection()).get_raw_connection()).driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.set_trace_callback(statements.append)
            progress = await progress_of(session, task_id)
            driver.set_trace_callback(None)
        assert progress is not None
        assert [(each.epoch, each.rated) for each in progress.epochs] == [(1, 3)]
        counting = [statement for statement in statements if "count(" in statement]
        with contextlib.closing(sqlite3.connect(here.store.url.database or "")) as database:
            plans = [
                " ".join(str(line[3]) for line in database.execute(f"EXPLAIN QUERY PLAN {statement}"))
                for statement in counting
            ]
    assert "COVERING INDEX ix_work_items_task_state" in plans[0]
    assert "INDEX ix_work_items_flawed" in plans[1]


async def test_log_deltas_lose_and_repeat_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path) as here, running(here.executor()) as executor:
        await here.add_experiment(rows=4)
        task_id = await here.enqueue(executor)
        await here.ended(task_id)
        whole = "".join(f"{line}\n" for line in await here.log())
        text, cursor, has_more = "", 0, True
        async with here.store.read() as session:
            while has_more:
                delta = await log_after(session, task_id, cursor, limit=30)
                text, cursor, has_more = text + delta.text, delta.cursor, delta.has_more
        assert text == whole
        async with here.store.write() as session:
            first = await log_for_connection(session, task_id, "one")
            again = await log_for_connection(session, task_id, "one")
            other = await log_for_connection(session, task_id, "other")
        assert (first.text, again.text, other.text) == (whole, "", whole)
