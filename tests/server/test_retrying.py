"""What a retry queues and deletes, and what a cancellation leaves: the rows behind the answers."""

import asyncio
import datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.applications import Starlette

from elluminate_server.api import runs
from elluminate_server.http.idempotency import Idempotency, Replay
from elluminate_server.http.problems import Conflict
from elluminate_server.reading.experiments import load_experiment
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.failures import DatabaseAwayError
from elluminate_server.store.tables import Experiment, Prompt, Rating, Response, Task, WorkItem
from tests.server.conftest import World

pytestmark = pytest.mark.anyio


@pytest.fixture
async def idle(app: Starlette) -> None:
    """Tasks are queued and stay where they are."""
    await app.state.executor.stop()


async def add_failures(store: Store, world: World, **fields: Any) -> list[int]:
    """Three failed responses: two to the first row, one of them of an LLM config; one that had no prompt."""
    async with store.write() as session:
        good = await session.get_one(Response, world.response_id)
        blank = Prompt(
            experiment_id=world.experiment_id,
            entry_id=world.entry_id + 1,
            entry_identity="",
            input_values={},
            messages=[],
        )
        session.add(blank)
        await session.flush()
        asked = {"llm_model_config": {"id": world.llm_config_id}}
        failed = [
            Response(
                experiment_id=world.experiment_id,
                prompt_id=prompt_id,
                entry_id=entry_id,
                messages=[],
                error="no answer",
                generation_metadata=metadata,
                **fields,
            )
            for prompt_id, entry_id, metadata in (
                (good.prompt_id, world.entry_id, asked),
                (good.prompt_id, world.entry_id, None),
                (blank.id, world.entry_id + 1, {"llm_model_config": {"id": 99}}),
            )
        ]
        session.add_all(failed)
        await session.flush()
        return [response.id for response in failed]


@pytest.mark.usefixtures("idle")
async def test_each_failure_is_queued_for_its_row_epoch_and_config(
    api: httpx.AsyncClient, world: World, store: Store
) -> None:
    await add_failures(store, world)
    async with store.write() as session:
        ran = await session.get_one(Experiment, world.experiment_id)
        began = utc_now() - datetime.timedelta(days=2)
        ran.started_at, ran.finished_at = began, began + datetime.timedelta(seconds=30)

    answer = await api.post(f"/experiments/{world.experiment_id}/retry-failed", json={"rating_mode": "fast"})

    assert answer.status_code == 200, answer.text
    task_id = answer.json()["generation_task_id"]
    async with store.read() as session:
        items = (await session.scalars(select(WorkItem).order_by(WorkItem.id))).all()
        assert {item.task_id for item in items} == {task_id}
        configs = [(item.payload or {}).get("llm_config_id") for item in items]
        places = [(item.entry_id, item.epoch, item.ordinal) for item in items]
        assert [(*place, config) for place, config in zip(places, configs, strict=True)] == [
            (world.entry_id, 1, 0, world.llm_config_id),
            (world.entry_id, 1, 1, None),
            (world.entry_id + 1, 1, 0, None),
            (world.entry_id, 1, 2, None),
        ]
        # The last is the answer that is there, which nobody has judged yet.
        assert [(item.state, item.response_id) for item in items] == [
            ("pending", None),
            ("pending", None),
            ("pending", None),
            ("answered", world.response_id),
        ]
        assert list(await session.scalars(select(Response.id))) == [world.response_id]
        assert [prompt.entry_id for prompt in await session.scalars(select(Prompt))] == [world.entry_id]
        task = await session.get_one(Task, task_id)
        assert (task.kind, task.payload) == ("experiment", {"rating_mode": "fast"})
        ran = await session.get_one(Experiment, world.experiment_id)
        assert ran.started_at is not None and ran.finished_at is None
        so_far = utc_now() - ran.started_at
        assert datetime.timedelta(seconds=30) <= so_far < datetime.timedelta(days=1)


@pytest.mark.parametrize(("asked", "mode"), [({}, "fast"), ({"rating_mode": "detailed"}, "detailed")])
@pytest.mark.usefixtures("idle")
async def test_the_effort_of_the_run_is_kept_unless_told_otherwise(
    api: httpx.AsyncClient, world: World, store: Store, asked: dict[str, str], mode: str
) -> None:
    async with store.write() as session:
        (await session.get_one(Experiment, world.experiment_id)).rating_mode = "fast"
    answer = await api.post(f"/experiments/{world.experiment_id}/retry-failed", json=asked)
    async with store.read() as session:
        task = await session.get_one(Task, answer.json()["generation_task_id"])
        assert task.payload == {"rating_mode": mode}


@pytest.mark.usefixtures("idle")
async def test_of_two_retries_at_once_one_is_refused(
    api: httpx.AsyncClient, world: World, store: Store
) -> None:
    await add_failures(store, world)
    path = f"/experiments/{world.experiment_id}/retry-failed"
    answers = await asyncio.gather(*(api.post(path, json={}) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    async with store.read() as session:
        assert len((await session.scalars(select(Task))).all()) == 1


@pytest.mark.usefixtures("idle")
async def test_ratings_made_by_hand_are_not_lost_unasked(
    api: httpx.AsyncClient, world: World, store: Store
) -> None:
    failed = await add_failures(store, world)
    async with store.write() as session:
        session.add(Rating(response_id=failed[1], criterion_id=world.criterion_id, rating="NO"))
    path = f"/experiments/{world.experiment_id}/retry-failed"
    refused = await api.post(path, json={})
    assert refused.status_code == 409 and f": {failed[1]}." in refused.json()["detail"]
    async with store.read() as session:
        assert (await session.get_one(Experiment, world.experiment_id)).generation_task_id is None
    assert (await api.post(path, json={"discard_annotations": True})).status_code == 200


@pytest.mark.usefixtures("idle")
async def test_uploaded_answers_cannot_be_generated(
    api: httpx.AsyncClient, world: World, store: Store
) -> None:
    await add_failures(store, world)
    async with store.write() as session:
        (await session.get_one(Experiment, world.experiment_id)).evaluation_mode = "AGENTIC"
    refused = await api.post(f"/experiments/{world.experiment_id}/retry-failed", json={})
    assert refused.status_code == 409 and "uploaded" in refused.json()["detail"]


@pytest.mark.usefixtures("idle")
async def test_cancelling_revokes_what_waits_in_the_queue(
    api: httpx.AsyncClient, other: httpx.AsyncClient, world: World, store: Store
) -> None:
    path = f"/experiments/{world.experiment_id}"
    task_id = (await api.post(f"{path}/run", json={})).json()["generation_task_id"]
    assert (await other.post(f"{path}/cancel")).status_code == 404

    cancelled = await api.post(f"{path}/cancel")

    assert cancelled.status_code == 200 and cancelled.json()["generation_task_id"] is None
    status = (await api.get(f"{path}/generation/{task_id}")).json()
    assert (status["status"], status["generation_task_id"]) == ("REVOKED", None)
    assert "REVOKED" in cancelled.json()["logs"]
    async with store.read() as session:
        task = await session.get_one(Task, task_id)
        assert task.finished_at is not None and task.lease_owner is None
    assert (await api.post(f"{path}/cancel")).json() == cancelled.json()


ANSWERED_LATER = pytest.mark.parametrize("act", ["retry-failed", "cancel"])
"""What is answered with an experiment that may have a million answers."""


@ANSWERED_LATER
@pytest.mark.usefixtures("idle")
async def test_others_write_while_the_answer_is_read(
    api: httpx.AsyncClient, world: World, store: Store, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    await add_failures(store, world)
    written: list[int] = []

    async def load_slowly(session: AsyncSession, row: Experiment) -> Any:
        async with asyncio.timeout(20), store.write() as other:
            response = await other.get_one(Response, world.response_id)
            response.annotation = "written meanwhile"
        written.append(row.id)
        return await load_experiment(session, row)

    monkeypatch.setattr(runs, "load_experiment", load_slowly)
    answer = await api.post(f"/experiments/{world.experiment_id}/{act}", json={})
    assert answer.status_code == 200, answer.text
    assert written == [world.experiment_id]


@ANSWERED_LATER
@pytest.mark.usefixtures("idle")
async def test_a_repetition_after_an_end_before_the_answer_gets_it_and_does_nothing_again(
    api: httpx.AsyncClient, world: World, store: Store, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    await add_failures(store, world)

    async def end_first(session: AsyncSession, row: Experiment) -> Any:
        raise DatabaseAwayError("the server ends here")

    async def send() -> httpx.Response:
        path = f"/experiments/{world.experiment_id}/{act}"
        return await api.post(path, json={}, headers={"Idempotency-Key": "once"})

    with monkeypatch.context() as patched:
        patched.setattr(runs, "load_experiment", end_first)
        unanswered = await send()
    assert unanswered.status_code == 503, unanswered.text
    assert "It may have been done, or not. Send it again." in unanswered.json()["detail"]

    answers = [await send() for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true"]
    async with store.read() as session:
        tasks = [task.id for task in await session.scalars(select(Task))]
    assert tasks == ([answers[0].json()["generation_task_id"]] if act == "retry-failed" else [])


async def test_a_twin_in_another_process_waits_for_the_answer(
    api: httpx.AsyncClient, world: World, store: Store
) -> None:
    async with store.write() as session:
        first = Idempotency(1, "once", "fingerprint", datetime.timedelta(days=1))
        await first.reserve(session)
    async with store.write() as session:
        assert await first.replay(session)
        with pytest.raises(Conflict, match="still being handled"):
            await first.reserve(session)
    await first.keep(store, 200, b"{}" * 1000)
    async with store.read() as session:
        with pytest.raises(Replay) as replay:
            await first.replay(session)
    assert (replay.value.status, replay.value.body) == (200, b"{}" * 1000)
