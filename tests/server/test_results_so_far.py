"""Results of large experiments that run are computed again only so often that it costs little."""

import asyncio
import threading

import httpx
import pytest
from starlette.applications import Starlette

from elluminate_server.domain.aggregation import aggregate
from elluminate_server.execution import Executor
from elluminate_server.reading import results, results_so_far
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Experiment
from tests.server.conftest import World, created

pytestmark = pytest.mark.anyio


class Clock:
    """What `time.monotonic` says, and half a second passes each time somebody looks."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        self.now += 0.5
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(results_so_far, "time", clock)
    monkeypatch.setattr(results_so_far, "LONG", 0)
    return clock


@pytest.fixture
async def running(app: Starlette, api: httpx.AsyncClient, world: World) -> str:
    """The path of an experiment whose run has been asked for, and does not come to anything."""
    executor: Executor = app.state.executor
    await executor.stop()
    path = f"/experiments/{world.experiment_id}"
    (await api.post(f"{path}/run", json={})).raise_for_status()
    return path


async def _rated(api: httpx.AsyncClient, path: str) -> int:
    shown = (await api.get(path)).json()["results"]
    listed = (await api.get("/experiments")).json()["items"][0]["results"]
    assert shown == listed
    return int(shown["num_rated_responses"])


async def test_results_of_a_run_are_given_again_for_a_while(
    api: httpx.AsyncClient, world: World, running: str, clock: Clock
) -> None:
    assert await _rated(api, running) == 0
    await created(api, "/ratings", {"prompt_response_id": world.response_id})
    assert await _rated(api, running) == 0
    clock.now += 5.0
    assert await _rated(api, running) == 1


async def test_results_of_a_run_that_is_over_are_those_of_now(
    api: httpx.AsyncClient, world: World, store: Store, running: str, clock: Clock
) -> None:
    assert await _rated(api, running) == 0
    await created(api, "/ratings", {"prompt_response_id": world.response_id})
    async with store.write() as session:
        (await session.get_one(Experiment, world.experiment_id)).generation_task_id = None
    assert await _rated(api, running) == 1
    assert clock.now < 1_005.0, "they would have been computed again anyway"


async def test_who_comes_while_they_are_computed_again_gets_what_there_was(
    api: httpx.AsyncClient, world: World, running: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await _rated(api, running) == 0
    await created(api, "/ratings", {"prompt_response_id": world.response_id})
    clock.now += 5.0
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def held(*arguments: object) -> object:
        if not begun.is_set() and arguments[1]:
            begun.set()
            await go_on.wait()
        return await results.load_results(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(results_so_far, "load_results", held)
    first = asyncio.create_task(api.get(running))
    await asyncio.wait_for(begun.wait(), 10)
    assert await _rated(api, running) == 0
    go_on.set()
    assert (await first).json()["results"]["num_rated_responses"] == 1


async def test_an_older_client_changes_nothing_that_others_are_given(
    api: httpx.AsyncClient, running: str, clock: Clock
) -> None:
    assert await _rated(api, running) == 0
    of_older = (await api.get(running, headers={"SDK-Version": "1.0.6"})).json()["results"]
    assert of_older["mean_reasoning_tokens"] == 0.0
    assert (await api.get(running)).json()["results"]["mean_reasoning_tokens"] is None
    assert clock.now > 1_000.0


async def test_many_responses_are_read_beside_the_event_loop(
    api: httpx.AsyncClient, world: World, app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    store: Store = app.state.store
    read, asked = store.read, []

    def noted(*, is_long: bool = False) -> object:
        asked.append(is_long)
        return read(is_long=is_long)

    monkeypatch.setattr(store, "read", noted)
    path = f"/experiments/{world.experiment_id}"
    few = (await api.get(path)).json()["results"]
    assert True not in asked
    monkeypatch.setattr(results_so_far, "LONG", 0)
    assert (await api.get(path)).json()["results"] == few
    assert asked.count(True) == 1


async def test_many_responses_are_counted_beside_the_event_loop(
    api: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/experiments/{world.experiment_id}"
    threads: list[threading.Thread] = []

    def seen(*args: object, **kwargs: object) -> object:
        threads.append(threading.current_thread())
        return aggregate(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(results, "aggregate", seen)
    few = (await api.get(path)).json()["results"]
    monkeypatch.setattr(results, "LONG", 1)
    assert (await api.get(path)).json()["results"] == few
    assert [each is threading.current_thread() for each in threads] == [True, False]
