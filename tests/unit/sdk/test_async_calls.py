"""One AsyncClient for a whole application: any number of event loops, asyncio or trio, tasks that are cancelled."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import anyio
import anyio.lowlevel
import pytest
import trio

from elluminate import AsyncClient, ClientClosedError, RetryConfig
from tests.support.scripted_http import WAIT_SECONDS, Answered, Asked, ScriptedServer
from tests.unit.sdk import answers
from tests.unit.sdk.evals_server import PROJECT, evals_server

pytestmark = pytest.mark.anyio

KEY = "k"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with evals_server() as server:
        yield server


@pytest.fixture
def client(server: ScriptedServer) -> AsyncClient:
    """A client as one makes it at import time: outside of any event loop."""
    return AsyncClient(server.url, KEY, retry_config=RetryConfig(max_attempts=1))


async def whole_story(client: AsyncClient) -> list[str]:
    template = await client.get_prompt_template(id=10)
    collection = await client.get_collection(id=20)
    experiment = await client.run_experiment("First try", template, collection)
    events = [event async for event in client.stream_experiment("Second", template, collection)]
    assert [event.status.value for event in events] == ["PENDING", "SUCCESS"]
    await experiment.afetch_responses()
    return [response.response_text for response in experiment.responses()]


ANSWER = ["A function that calls itself."]


def test_a_client_made_outside_of_any_loop_works_in_one_after_another(
    server: ScriptedServer, client: AsyncClient
) -> None:
    assert asyncio.run(whole_story(client)) == ANSWER
    assert asyncio.run(whole_story(client)) == ANSWER
    assert trio.run(whole_story, client) == ANSWER
    assert asyncio.run(whole_story(client)) == ANSWER
    assert sum(asked.path.endswith("/version/compatible") for asked in server.asked) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_a_loop_has_opened_goes_with_it(
    server: ScriptedServer, client: AsyncClient, backend: str
) -> None:
    loops = []

    async def story() -> list[str]:
        token = anyio.lowlevel.current_token()
        loops.append(weakref.ref(getattr(token, "native_token", token)))
        return await whole_story(client)

    gc.collect()  # what other tests left behind is not this one's
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(4):
            assert anyio.run(story, backend=backend) == ANSWER
            gc.collect()
    assert [str(warning.message) for warning in said if warning.category is ResourceWarning] == []
    # One loop's remains may stay until the next loop comes.
    assert sum(loop() is not None for loop in loops) <= 1


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_async_with(server: ScriptedServer) -> None:
    async with AsyncClient(server.url, KEY) as client:
        assert await whole_story(client) == ANSWER
    with pytest.raises(ClientClosedError, match="this client was closed"):
        await client.list_collections()
    await client.close()


def test_loops_in_several_threads_share_a_client(server: ScriptedServer, client: AsyncClient) -> None:
    start = threading.Barrier(6)

    async def story(backend: str) -> list[str]:
        texts = await whole_story(client)
        start.wait(WAIT_SECONDS)
        return texts

    def in_a_thread(backend: str) -> list[str]:
        return anyio.run(story, backend, backend=backend)

    with ThreadPoolExecutor(6) as pool:
        runs = [pool.submit(in_a_thread, backend) for backend in ["asyncio", "trio"] * 3]
        assert [run.result(WAIT_SECONDS) for run in runs] == [ANSWER] * 6


async def test_many_tasks_that_start_at_once_ask_for_version_and_project_once(server: ScriptedServer) -> None:
    async with AsyncClient(server.url, KEY) as client:
        rows = await asyncio.gather(*(client.get_collection(id=20) for _ in range(20)))
        assert {collection.name for collection in rows} == {"Concepts"}
    startup = [asked.path for asked in server.asked if not asked.path.startswith(PROJECT)]
    assert startup == ["/api/v0/version/compatible", "/api/v0/projects"]


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_task_cancelled_in_mid_request_leaves_the_client_usable(
    server: ScriptedServer,
) -> None:
    arrived, release = threading.Event(), threading.Event()

    def hang(asked: Asked) -> Answered:
        arrived.set()
        release.wait(WAIT_SECONDS)
        return Answered(answers.llm_config())

    server.on("GET", f"{PROJECT}/llm_configs/60", hang)

    try:
        async with AsyncClient(server.url, KEY) as client:
            for _ in range(3):
                arrived.clear()
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(lambda: client.get_llm_config(id=60))
                    with anyio.fail_after(WAIT_SECONDS):
                        await anyio.to_thread.run_sync(arrived.wait, WAIT_SECONDS)
                    tasks.cancel_scope.cancel()
            with anyio.fail_after(WAIT_SECONDS):
                assert await whole_story(client) == ANSWER
    finally:
        release.set()


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_task_cancelled_while_starting_does_not_hold_up_the_others(
    server: ScriptedServer,
) -> None:
    arrived, release = threading.Event(), threading.Event()

    def hang(asked: Asked) -> Answered:
        if not arrived.is_set():
            arrived.set()
            release.wait(WAIT_SECONDS)
        return Answered({"is_compatible": True, "required_sdk_version": None})

    server.on("POST", "/api/v0/version/compatible", hang)

    try:
        async with AsyncClient(server.url, KEY) as client:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.list_collections)
                await anyio.to_thread.run_sync(arrived.wait, WAIT_SECONDS)
                tasks.cancel_scope.cancel()
            with anyio.fail_after(WAIT_SECONDS):
                assert await whole_story(client) == ANSWER
    finally:
        release.set()


async def test_a_blocking_method_of_a_model_works_inside_the_loop_that_read_it(
    server: ScriptedServer,
) -> None:
    async with AsyncClient(server.url, KEY) as client:
        experiment = await client.get_experiment(id=70, fetch_responses=False)
        texts = [response.response_text for response in experiment.fetch_responses().responses()]
    assert texts == ANSWER
