"""Leaving a stream early, and streams of ratings: nothing runs on, nothing is lost, in every world."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import anyio
import anyio.lowlevel
import attrs
import httpx
import pytest

from elluminate import AsyncClient, Client, TaskFailedError
from elluminate._transport import AsyncTransport
from elluminate.streaming import BatchStatusEvent, TaskStatus
from tests.unit.sdk import answers
from tests.unit.sdk.conftest import WiredWorld
from tests.unit.sdk.test_streaming import INTERRUPTIONS, TASK, poll
from tests.unit.sdk.wire import API_KEY, BASE_URL, Reply, Wire, page_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def endless(wire: Wire, waits: list[float]) -> Wire:
    """A server on which the experiment never ends."""
    wire.on("GET", "/prompt_templates/10", Reply(json=answers.template()))
    wire.on("GET", "/collections/20", Reply(json=answers.collection()))
    wire.on("POST", "/experiments", Reply(json=answers.experiment(generation_task_id=TASK)))
    wire.on("GET", f"/experiments/70/generation/{TASK}", poll("STARTED"))
    return wire


@pytest.fixture
def _no_generator_is_left_behind() -> Iterator[None]:
    """An asynchronous generator that is collected half-way is a ResourceWarning under trio."""
    gc.collect()  # what other tests left behind is not this one's
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        yield
        gc.collect()
    assert [str(warning.message) for warning in said if warning.category is ResourceWarning] == []


@pytest.mark.usefixtures("_no_generator_is_left_behind")
def test_leaving_a_blocking_stream_closes_it(endless: Wire) -> None:
    with Client(BASE_URL, API_KEY) as client:
        template, collection = client.get_prompt_template(id=10), client.get_collection(id=20)
        stream = client.stream_experiment("First try", template, collection)
        seen = []
        for event in stream:
            seen.append(event.status)
            if event.status == TaskStatus.STARTED:
                break
        asked = len(endless.requests)
        stream.close()  # type: ignore[attr-defined]  # it is a generator
        assert next(stream, None) is None
        assert len(endless.requests) == asked
        assert seen == ["PENDING", "STARTED"]


@pytest.mark.usefixtures("_no_generator_is_left_behind")
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_leaving_an_async_stream_closes_it(endless: Wire) -> None:
    seen = []
    async with AsyncClient(BASE_URL, API_KEY) as client:
        template, collection = await client.get_prompt_template(id=10), await client.get_collection(id=20)
        async with aclosing(client.stream_experiment("First try", template, collection)) as stream:
            async for event in stream:
                seen.append(event.status.value)
                if len(seen) == 3:
                    break
    assert seen == ["PENDING", "STARTED", "STARTED"]


@pytest.mark.usefixtures("_no_generator_is_left_behind")
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_waiting_leaves_no_generator_behind(endless: Wire) -> None:
    endless.on("GET", f"/experiments/70/generation/{TASK}", poll("SUCCESS"))
    endless.on("GET", "/experiments/70", Reply(json=answers.experiment(results=answers.results())))
    endless.on("GET", "/responses", page_of(answers.response()))

    async with AsyncClient(BASE_URL, API_KEY) as client:
        template, collection = await client.get_prompt_template(id=10), await client.get_collection(id=20)
        assert (await client.run_experiment("First try", template, collection)).results is not None


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_cancelling_a_wait_ends_the_polling(endless: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    polled = []

    async def sleep(self: object, seconds: float) -> None:
        polled.append(seconds)
        await anyio.sleep_forever()

    monkeypatch.setattr(AsyncTransport, "sleep", sleep)

    async with AsyncClient(BASE_URL, API_KEY) as client:
        template, collection = await client.get_prompt_template(id=10), await client.get_collection(id=20)
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:

                async def wait() -> None:
                    await client.run_experiment("First try", template, collection)

                tasks.start_soon(wait)
                while not polled:
                    await anyio.lowlevel.checkpoint()
                scope.cancel()
        assert (await client.get_collection(id=20)).name == "Concepts"
        assert scope.cancelled_caught
    assert len(polled) == 1


class Rating:
    """Three responses whose ratings are asked for in a batch."""

    def __init__(self, world: WiredWorld, wire: Wire) -> None:
        self.world, self.wire = world, wire
        wire.on("GET", "/experiments/70", Reply(json=answers.experiment(results=answers.results())))
        wire.on(
            "GET", "/responses", page_of(*(answers.response(number, ratings=[]) for number in (80, 81, 82)))
        )
        self.client = world.client()
        self.experiment = world.call(self.client, "get_experiment", id=70)
        self.responses = list(self.experiment.responses())
        wire.on("GET", "/responses", self.rated)
        wire.on("POST", "/ratings/batches", Reply(json="batch-1"))

    def rated(self, request: httpx.Request) -> Reply:
        """The responses that are asked for, in the order of the database, with two ratings each."""
        ids = sorted(int(text) for text in request.url.params.get_list("response_ids"))
        return page_of(
            *(answers.response(n, ratings=[answers.rating(n * 10 + i) for i in (1, 2)]) for n in ids)
        )

    def stream(self, *polls: Any, **given: Any) -> list[BatchStatusEvent]:
        self.wire.then(*polls)
        events: list[BatchStatusEvent] = self.world.call(
            self.client, "stream_batch_rate", self.responses[::-1], **given
        )
        return events


def test_a_stream_of_ratings_gives_them_in_the_order_asked(
    world: WiredWorld, wire: Wire, waits: list[float]
) -> None:
    rating = Rating(world, wire)
    events = rating.stream(poll("PENDING"), poll("STARTED"), poll("SUCCESS"), polling_interval=2)
    assert [event.status.value for event in events] == ["PENDING", "PENDING", "STARTED", "SUCCESS"]
    result = events[-1].result
    assert result is not None
    assert [[one.id for one in ratings] for ratings in result] == [[821, 822], [811, 812], [801, 802]]
    assert [event.result for event in events[:-1]] == [None, None, None]
    assert waits == [2.0, 2.0]


@pytest.mark.parametrize("trouble", INTERRUPTIONS)
def test_trouble_in_the_middle_never_ends_a_stream_of_ratings(
    world: WiredWorld, wire: Wire, trouble: str
) -> None:
    rating = Rating(world, wire)
    events = rating.stream(*[INTERRUPTIONS[trouble]() for _ in range(6)], poll("SUCCESS"))
    assert events[-1].is_success


@pytest.mark.parametrize("status", ["FAILURE", "REVOKED", "REJECTED", "TIMEOUT"])
def test_a_batch_that_did_not_end_well(world: WiredWorld, wire: Wire, status: str) -> None:
    rating = Rating(world, wire)
    (_, last) = rating.stream(poll(status, error_msg="no judge"))
    assert (last.status.value, last.error_msg, last.result, last.is_failure) == (
        status,
        "no judge",
        None,
        True,
    )
    wire.then(poll(status, error_msg="no judge"))
    with pytest.raises(TaskFailedError, match=f"rating ended {status}: no judge"):
        world.call(rating.experiment, "rate_responses", rating.responses)


def test_nothing_to_rate(world: WiredWorld, wire: Wire) -> None:
    rating = Rating(world, wire)
    assert world.call(rating.client, "stream_batch_rate", [])[-1].result == []
    wire.on("POST", "/ratings/batches", Reply(text="null"))
    (_, last) = rating.stream()
    assert last.result is not None
    assert len(last.result) == 3


def test_rating_all_responses_of_an_experiment(world: WiredWorld, wire: Wire) -> None:
    rating = Rating(world, wire)
    wire.then(poll("STARTED"), poll("SUCCESS"))
    ratings = world.call(rating.experiment, "rate_responses")
    assert [[one.id for one in of_one] for of_one in ratings] == [[801, 802], [811, 812], [821, 822]]
    assert [len(response.ratings) for response in rating.experiment.responses()] == [2, 2, 2]
    assert rating.experiment.results is not None


def test_many_responses_are_asked_for_in_parts(world: WiredWorld, wire: Wire) -> None:
    rating = Rating(world, wire)
    model = rating.responses[0]
    rating.responses = [attrs.evolve(model, id=number) for number in range(1000, 1450)]
    (_, last) = rating.stream(poll("SUCCESS"))
    assert last.result is not None
    assert [ratings[0].id for ratings in last.result] == [n * 10 + 1 for n in range(1449, 999, -1)]
    asked = [request for request in wire.requests if request.url.params.get_list("response_ids")]
    assert [len(request.url.params.get_list("response_ids")) for request in asked] == [200, 200, 50]
