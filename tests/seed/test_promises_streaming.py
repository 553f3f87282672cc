"""What the guide promises of streams: live progress, log lines, terminal states, with both clients."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from elluminate_api.models import ExperimentGenerationStatus

from elluminate.schemas import RatingMode
from elluminate.streaming import TASK_LIMIT_SECONDS, BatchStatusEvent, ExperimentStatusEvent, TaskStatus
from elluminate_server.local import local_server
from elluminate_server.settings import Settings
from tests.seed.worlds import Guide, both, guide, unique
from tests.support.model_server import ModelServer

__all__ = ["guide"]

QUESTIONS = ["Is it accurate?", "Is it helpful?"]
ENDINGS = [TaskStatus.FAILURE, TaskStatus.TIMEOUT, TaskStatus.REVOKED, TaskStatus.REJECTED]


@pytest.fixture(scope="module")
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


async def arguments(guide: Guide, **more: Any) -> dict[str, Any]:
    """What a stream over two rows is started with."""
    return {
        "name": unique("Streamed"),
        "prompt_template": await guide.template(),
        "collection": await guide.collection({"concept": "recursion"}, {"concept": "closures"}),
        "criteria": QUESTIONS,
        "polling_interval": 0.1,
    } | more


async def streamed(guide: Guide, **more: Any) -> list[Any]:
    """Every event of a stream over two rows."""
    return await guide.each(guide.client.stream_experiment(**await arguments(guide, **more)))


async def scripted_model(guide: Guide, base_url: str) -> Any:
    """A model at an address, asked once per prompt."""
    return await guide.create_llm_config(
        name=unique("Scripted"),
        llm_model_name="gpt-test",
        api_key="not-a-key",
        llm_base_url=base_url,
        max_retries=0,
        timeout=10,
    )


@both
async def test_S145_S149_S150_S152_S165_S174_S176_S191_a_stream_begins_queued_and_ends_by_itself(
    guide: Guide,
) -> None:
    started = guide.client.stream_experiment(**await arguments(guide))
    assert not inspect.isawaitable(started)
    events = await guide.each(started)
    assert events[0].status == TaskStatus.PENDING
    assert events[-1].status == TaskStatus.SUCCESS
    assert events[-1].is_success
    assert [event.is_complete for event in events] == [False] * (len(events) - 1) + [True]


@both
async def test_S151_S160_S164_S178_S194_S196_success_carries_the_experiment_with_rated_responses(
    guide: Guide,
) -> None:
    experiment = (await streamed(guide))[-1].result
    assert experiment
    responses = list(experiment.responses())
    assert len(responses) == 2
    for response in responses[:2]:
        assert response.response_text
        assert [rating.criterion.criterion_str for rating in response.ratings] == QUESTIONS


@both
async def test_S154_S155_S156_S157_S158_S192_progress_counts_up_within_its_bounds(guide: Guide) -> None:
    events = await streamed(guide)
    assert not events[0].progress
    told = [event.progress for event in events if event.progress]
    for progress in told:
        assert 0 <= progress.responses_rated <= progress.responses_generated <= progress.total_responses == 2
        assert 0 <= progress.percent_complete <= 100
        assert 0 <= int(40 * progress.percent_complete / 100) <= 40
    assert told[-1].responses_rated == told[-1].responses_generated == 2
    assert f"{told[-1].percent_complete:.1f}" == "100.0"


@both
async def test_S153_S171_a_run_that_waits_for_its_model_reads_started(
    guide: Guide, models: ModelServer
) -> None:
    config = await scripted_model(guide, models.base_url)
    stream = guide.client.stream_experiment(**await arguments(guide, llm_config=config, criteria=None))
    seen = []
    held = models.held()
    held.__enter__()
    released = False

    def saw(event: Any) -> None:
        nonlocal released
        seen.append(event)
        if event.status == TaskStatus.STARTED and not released:
            held.__exit__(None, None, None)
            released = True

    if guide.world.is_async:
        async for event in stream:
            saw(event)
    else:
        for event in stream:
            saw(event)
    assert released
    running = next(event for event in seen if event.status == TaskStatus.STARTED)
    assert not running.is_complete
    assert seen[-1].is_success


@both
async def test_S159_S193_log_lines_come_once_and_may_be_missing(guide: Guide) -> None:
    events = await streamed(guide)
    assert not events[0].logs_delta
    lines = "".join(event.logs_delta or "" for event in events).splitlines()
    assert lines
    assert len(lines) == len(set(lines))


@both
async def test_S163_a_loop_may_be_left_and_the_run_goes_on(guide: Guide) -> None:
    given = await arguments(guide)
    stream = guide.client.stream_experiment(**given)
    if guide.world.is_async:
        async for event in stream:
            assert event.status == TaskStatus.PENDING
            break
        await stream.aclose()
    else:
        for event in stream:
            assert event.status == TaskStatus.PENDING
            break
    assert (await guide.get_experiment(name=given["name"])).name == given["name"]


@both
async def test_S187_S188_progress_is_told_per_epoch(guide: Guide) -> None:
    last = (await streamed(guide, n_epochs=3))[-1]
    assert last.progress.total_responses == 6
    assert [(epoch.epoch, epoch.responses_rated) for epoch in last.progress.epochs] == [
        (1, 2),
        (2, 2),
        (3, 2),
    ]
    assert len(list(last.result.responses())) == 6


@both
async def test_S147_S161_S162_S166_S197_a_model_that_refuses_shows_as_a_failure_with_its_reason(
    guide: Guide, models: ModelServer
) -> None:
    models.fail(2, status=400, message="no such model")
    config = await scripted_model(guide, models.base_url)
    last = (await streamed(guide, llm_config=config))[-1]
    assert last.status == TaskStatus.FAILURE
    assert last.is_failure
    assert "no such model" in last.error_msg


@pytest.mark.parametrize("status", ENDINGS)
@both
async def test_S166_S167_S168_S169_S173_S177_every_other_ending_ends_the_stream_with_its_reason(
    guide: Guide, monkeypatch: pytest.MonkeyPatch, status: TaskStatus
) -> None:
    session = guide.client.session
    call = session.call

    async def ended(request: Any, *kind: Any, **options: Any) -> Any:
        if request.operation.id == "get_experiment_generation_status":
            return ExperimentGenerationStatus(status=status, error_msg=f"it ended {status.lower()}")
        return await call(request, *kind, **options)

    monkeypatch.setattr(session, "call", ended)
    events = await streamed(guide)
    assert [event.is_complete for event in events] == [False, True]
    assert events[-1].is_failure
    assert not events[-1].is_success
    assert events[-1].error_msg == f"it ended {status.value.lower()}"


def test_S148_S172_S173_statuses_are_hashable_strings() -> None:
    assert TaskStatus.REVOKED in {TaskStatus.REVOKED, TaskStatus.REJECTED}
    assert [TaskStatus.REVOKED.lower(), TaskStatus.REJECTED.lower()] == ["revoked", "rejected"]


@pytest.mark.parametrize("kind", [ExperimentStatusEvent, BatchStatusEvent])
def test_S171_S175_S176_S177_exactly_the_terminal_statuses_are_complete(kind: Any) -> None:
    told = {status: kind(status=status) for status in TaskStatus}
    assert {status for status, event in told.items() if event.is_failure} == set(ENDINGS)
    assert {status for status, event in told.items() if event.is_success} == {TaskStatus.SUCCESS}
    assert {status for status, event in told.items() if event.is_complete} == {*ENDINGS, TaskStatus.SUCCESS}


def test_S170_the_limit_is_ten_hours_on_both_sides() -> None:
    assert TASK_LIMIT_SECONDS == Settings.from_environment({}).run_time_limit == 10 * 60 * 60


def test_S144_the_backend_serves_progress_as_server_sent_events() -> None:
    server = local_server(":memory:")
    with httpx.Client(base_url=f"{server.base_url}/api/v0", headers={"X-API-Key": server.api_key}) as http:
        project = f"/projects/{http.get('/projects').json()['items'][0]['id']}"
        template = http.post(f"{project}/prompt_templates", json=_named("T", messages=_user("Say {{word}}.")))
        collection = http.post(f"{project}/collections", json=_named("C", variables=[{"word": "tea"}]))
        experiment = http.post(
            f"{project}/experiments",
            json=_named(
                "E",
                description="",
                prompt_template_id=template.json()["id"],
                collection_id=collection.json()["id"],
                generate=True,
            ),
        ).json()
        task = (
            f"{project}/experiments/{experiment['id']}/generation/{experiment['generation_task_id']}/stream"
        )
        with http.stream("GET", task, timeout=30) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            data = [line.removeprefix("data: ") for line in answer.iter_lines() if line.startswith("data")]
    assert '"SUCCESS"' in data[-1]


def _named(name: str, **rest: Any) -> dict[str, Any]:
    return {"name": unique(name), **rest}


def _user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


# Batches


@both
async def test_S146_S179_S180_S182_S184_S185_a_batch_ends_with_one_list_of_ratings_per_response(
    guide: Guide,
) -> None:
    experiment = await guide.experiment()
    responses = list(experiment.responses())
    stream = guide.client.stream_batch_rate(
        prompt_responses=responses, rating_mode=RatingMode.DETAILED, polling_interval=0.1
    )
    events = await guide.each(stream)
    assert all(event.progress is None for event in events)
    assert events[-1].is_success
    assert [[rating.rating for rating in ratings] for ratings in events[-1].result] == [["YES", "NO"]] * 2


@pytest.mark.parametrize("status", ENDINGS)
@both
async def test_S181_S183_S184_a_batch_may_be_seen_running_and_end_in_every_state(
    guide: Guide, monkeypatch: pytest.MonkeyPatch, status: TaskStatus
) -> None:
    from elluminate_api.models import BatchTaskStatus

    responses = list((await guide.experiment()).responses())
    session = guide.client.session
    call = session.call
    told = [BatchTaskStatus(status=TaskStatus.STARTED), BatchTaskStatus(status=status, error_msg="why")]

    async def scripted(request: Any, *kind: Any, **options: Any) -> Any:
        if request.operation.id == "get_ratings_batch_status":
            return told.pop(0)
        return await call(request, *kind, **options)

    monkeypatch.setattr(session, "call", scripted)
    events = await guide.each(
        guide.client.stream_batch_rate(prompt_responses=responses, polling_interval=0.1)
    )
    assert [event.status for event in events] == [TaskStatus.PENDING, TaskStatus.STARTED, status]
    assert (events[-1].is_failure, events[-1].error_msg) == (True, "why")
