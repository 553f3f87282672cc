"""A blocking call runs on the calling thread, wherever that is, and touches no event loop."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import trio

from elluminate import AuthenticationError, Client, ClientClosedError, RetryConfig, TransportError
from elluminate.schemas import Experiment
from tests.support.scripted_http import WAIT_SECONDS, Answered, Asked, ScriptedServer
from tests.unit.sdk.evals_server import PROJECT, ROOT, evals_server

KEY = "k"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with evals_server() as server:
        yield server


def whole_story(url: str) -> Experiment:
    """What a program does: read, run, stream, and read again."""
    with Client(url, KEY) as client:
        template = client.get_prompt_template(id=10)
        collection = client.get_collection(id=20)
        experiment = client.run_experiment("First try", template, collection)
        events = list(client.stream_experiment("Second try", template, collection))
        assert [event.status.value for event in events] == ["PENDING", "SUCCESS"]
        return experiment.fetch_responses()


def in_a_script(call: Callable[[], Any]) -> Any:
    return call()


def in_a_thread(call: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result(WAIT_SECONDS)


def inside_asyncio(call: Callable[[], Any]) -> Any:
    async def cell() -> Any:
        return call()

    return asyncio.run(cell())


def inside_trio(call: Callable[[], Any]) -> Any:
    async def cell() -> Any:
        return call()

    return trio.run(cell)


def inside_a_worker_of_asyncio(call: Callable[[], Any]) -> Any:
    async def cell() -> Any:
        return await asyncio.to_thread(call)

    return asyncio.run(cell())


@pytest.mark.parametrize(
    "place", [in_a_script, in_a_thread, inside_asyncio, inside_trio, inside_a_worker_of_asyncio]
)
def test_a_blocking_program_runs_anywhere(
    server: ScriptedServer, place: Callable[[Callable[[], Any]], Any]
) -> None:
    experiment = place(lambda: whole_story(server.url))
    assert [response.response_text for response in experiment.responses()] == [
        "A function that calls itself."
    ]


def test_a_blocking_program_makes_and_asks_for_no_event_loop(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> Any:
        raise AssertionError("a blocking call touched asyncio")

    for name in ("new_event_loop", "get_event_loop", "get_event_loop_policy", "set_event_loop", "run"):
        monkeypatch.setattr(asyncio, name, refuse)
    assert whole_story(server.url).results is not None


def test_a_blocking_stream_leaves_a_running_loop_as_it_was(server: ScriptedServer) -> None:
    async def cell() -> int:
        loop = asyncio.get_running_loop()
        scheduled: list[str] = []
        call_soon_threadsafe = loop.call_soon_threadsafe
        loop.call_soon_threadsafe = lambda *a, **k: scheduled.append("x") or call_soon_threadsafe(*a, **k)  # type: ignore[method-assign,func-returns-value]
        whole_story(server.url)
        with Client(server.url, KEY) as client:
            template, collection = client.get_prompt_template(id=10), client.get_collection(id=20)
            for _ in client.stream_experiment("Third", template, collection):
                break
        gc.collect()
        return len(scheduled)

    assert asyncio.run(cell()) == 0


def test_sixteen_threads_share_one_client_and_have_a_connection_each(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[httpx.Client] = []
    init = httpx.Client.__init__

    def count(self: httpx.Client, *args: Any, **kwargs: Any) -> None:
        made.append(self)
        init(self, *args, **kwargs)

    monkeypatch.setattr(httpx.Client, "__init__", count)
    start = threading.Barrier(16)
    with Client(server.url, KEY) as client, ThreadPoolExecutor(16) as pool:

        def work(_: int) -> list[str]:
            start.wait(WAIT_SECONDS)
            return [client.get_collection(id=20).variables[0].input_values["concept"] for _ in range(5)]

        results = list(pool.map(work, range(16)))
    assert results == [["recursion"] * 5] * 16
    assert len(made) <= 16
    assert len(server.connections) <= 16
    assert sum(asked.path == f"{PROJECT}/collections/20" for asked in server.asked) == 80


def test_one_connection_serves_one_thread(server: ScriptedServer) -> None:
    with Client(server.url, KEY) as client:
        for _ in range(10):
            client.get_collection(id=20)
    assert len(server.connections) == 1


def test_a_connection_that_the_server_dropped_is_made_anew(server: ScriptedServer) -> None:
    answers = iter([Answered(drop=True)])
    collection = Answered({"items": [], "count": 0})
    server.on("GET", f"{PROJECT}/collections", lambda _: next(answers, collection))
    with Client(server.url, KEY, retry_config=RetryConfig(min_wait=0)) as client:
        assert client.list_collections() == []
    with Client(server.url, KEY, retry_config=RetryConfig(max_attempts=1)) as client:
        answers = iter([Answered(drop=True)])
        with pytest.raises(TransportError, match="the connection broke"):
            client.list_collections()
        assert client.list_collections() == []


def test_an_upload_travels_as_one_file(server: ScriptedServer) -> None:
    def store(asked: Asked) -> Answered:
        assert asked.headers["content-type"].startswith("multipart/form-data; boundary=")
        assert b'name="file"; filename="variables.jsonl"' in asked.body
        assert b"Content-Type: application/jsonl" in asked.body
        assert '{"concept":"größer"}\n{"concept":"a\\nb"}\r\n'.encode() in asked.body
        assert asked.query == {"skip_existing": ["true"]}
        return Answered([])

    server.on("POST", f"{PROJECT}/collections/20/entries/batches", store)
    with Client(server.url, KEY) as client:
        collection = client.get_collection(id=20)
        rows = ({"concept": text} for text in ("größer", "a\nb"))
        assert collection.add_many(rows, skip_existing=True) == []


def test_a_client_that_could_not_be_made_leaves_no_connection_open(server: ScriptedServer) -> None:
    refusal = Answered({"detail": "Invalid API key"}, status=401)
    server.on("GET", f"{ROOT}/projects", refusal)
    gc.collect()  # what other tests left behind is not this one's
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with pytest.raises(AuthenticationError):
            Client(server.url, KEY)
        gc.collect()
    assert [str(warning.message) for warning in said if warning.category is ResourceWarning] == []


def test_closing_ends_a_client_in_every_thread(server: ScriptedServer) -> None:
    client = Client(server.url, KEY)
    collection = client.get_collection(id=20)
    client.close()
    client.close()
    with ThreadPoolExecutor(1) as pool, pytest.raises(ClientClosedError):
        pool.submit(collection.clear).result(WAIT_SECONDS)
    assert collection.name == "Concepts"


def test_a_blocking_call_that_awaits_something_else_says_so() -> None:
    from elluminate._transport import run_blocking

    class Elsewhere:
        def __await__(self) -> Any:
            yield "to be resumed by a loop that is not there"

    async def wait() -> None:
        await Elsewhere()

    with pytest.raises(RuntimeError, match="a blocking call was suspended"):
        run_blocking(wait())
