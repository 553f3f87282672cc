"""Ctrl-C and SIGTERM in the middle of a run: the process ends soon, and the next start goes on with the run."""

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from elluminate_server.local import LocalAddress
from tests.cli.test_serve import Started
from tests.execution.backend import Backend, client_of, events_of
from tests.support.databases import fresh_database
from tests.support.model_server import CapturedRequest, ModelServer
from tests.support.serve_process import clean_environment

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no such signals between processes"
)

BOUND = 60
ROWS = 5

INTERRUPTED = """
    import asyncio, os, sys
    from elluminate import AsyncClient, Client

    PROMPT, ROWS = "Explain {{topic}}.", [{"topic": f"topic{number}"} for number in range(1, 6)]

    def blocking():
        client = Client()
        template = client.create_prompt_template("t", template=PROMPT)
        collection = client.create_collection("c", variables=ROWS)
        client.run_experiment("e", template, collection, criteria=["Is it short?"])

    async def awaited():
        client = AsyncClient()
        template = await client.create_prompt_template("t", template=PROMPT)
        collection = await client.create_collection("c", variables=ROWS)
        await client.run_experiment("e", template, collection, criteria=["Is it short?"])

    async def streamed():
        async with AsyncClient() as client:
            template = await client.create_prompt_template("t", template=PROMPT)
            collection = await client.create_collection("c", variables=ROWS)
            async for _ in client.stream_experiment("e", template, collection, criteria=["Is it short?"]):
                pass

    if WAY == "blocking":
        blocking()
    else:
        asyncio.run(awaited() if WAY == "awaited" else streamed())
    """

NEXT_START = """
    from elluminate import Client

    experiment = Client().get_experiment(name="e")
    kept = len(list(experiment.responses()))
    experiment.wait_until_finished(timeout=30)
    rows = [response.template_variables["topic"] for response in experiment.responses()]
    print(kept, *sorted(rows), sum(len(response.ratings) for response in experiment.responses()))
    """


def settings_for(model_server: ModelServer) -> dict[str, str]:
    return {
        "ELLUMINATE_LLM_BASE_URL": model_server.base_url,
        "ELLUMINATE_LLM_MODEL": "scripted",
        "ELLUMINATE_LLM_API_KEY": "key-of-the-tests",
        "ELLUMINATE_MAX_CONCURRENT_CALLS": "2",
    }


@contextmanager
def serving(database: str, model_server: ModelServer) -> Iterator[tuple[Backend, Started]]:
    with Started("--database", database, **settings_for(model_server)) as server:
        address = LocalAddress(server.exported("ELLUMINATE_BASE_URL"), server.exported("ELLUMINATE_API_KEY"))
        with client_of(address) as http:
            yield Backend(http), server


def is_late(request: CapturedRequest) -> bool:
    """An answer to one of the rows from the fourth on."""
    return request.kind == "answer" and topic_of(request) in {"topic4", "topic5"}


def topic_of(request: CapturedRequest) -> str:
    return str(request.json["messages"][-1]["content"]).removeprefix("Explain ").removesuffix(".")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_ends_with_streams_open_and_its_next_start_finishes_the_run(
    tmp_path: Path, number: int
) -> None:
    database = fresh_database(tmp_path)
    with ModelServer() as model_server:
        with model_server.held(is_late), serving(database, model_server) as (backend, server):
            experiment = backend.create_experiment(rows=ROWS)
            task_id = backend.run(experiment)
            model_server.wait_for_requests(2, is_late)
            backend.wait(lambda: backend.status(experiment, task_id), lambda s: s["completed_ratings"] == 3)
            path = f"experiments/{experiment['id']}/generation/{task_id}/stream"
            with backend.http.stream("GET", path) as one, backend.http.stream("GET", path) as other:
                streams = [one.iter_raw(), other.iter_raw()]
                firsts = [next(stream) for stream in streams]
                assert server.end(number) == (0, "")
                for first, stream in zip(firsts, streams, strict=True):
                    events = events_of(first + b"".join(stream))
                    assert {event["status"] for event in events} == {"STARTED"}
        with serving(database, model_server) as (backend, _):
            assert backend.ended(experiment, task_id)["status"] == "SUCCESS"
            responses = backend.responses(experiment_id=experiment["id"])
            rows = [r["prompt"]["template_variables"]["input_values"]["topic"] for r in responses]
            assert sorted(rows) == [f"topic{number}" for number in range(1, ROWS + 1)]
            assert [len(response["ratings"]) for response in responses] == [1] * ROWS
        # Only the two calls that were open were made again.
        assert sum(request.kind == "answer" for request in model_server.requests) == ROWS + 2
        assert sum(request.kind == "verdict" for request in model_server.requests) == ROWS


@pytest.mark.parametrize("again", [False, True])
def test_a_request_that_waits_for_a_model_is_refused_when_the_server_ends(
    tmp_path: Path, again: bool
) -> None:
    database = fresh_database(tmp_path)
    with ModelServer() as model_server:
        with model_server.held(), serving(database, model_server) as (backend, server):
            experiment = backend.create_experiment(rows=1)
            row = backend.get(f"collections/{experiment['collection']['id']}")["variables"][0]
            order = {"experiment_id": experiment["id"], "template_variables_id": row["id"], "messages": []}
            with ThreadPoolExecutor(1) as threads:
                asking = threads.submit(backend.http.post, "responses/generate", json=order)
                model_server.wait_for_requests(1)
                if again:
                    server.process.send_signal(signal.SIGINT)
                    until_refused(server.exported("ELLUMINATE_BASE_URL"))
                assert server.end(signal.SIGINT) == (0, "")
                refused = asking.result(BOUND)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert "Send it again" in refused.json()["detail"]
        with serving(database, model_server) as (backend, _):
            assert backend.responses(experiment_id=experiment["id"]) == []
            assert backend.post("responses/generate", order)["error"] is None


def until_refused(address: str) -> None:
    """Wait until nobody accepts connections there any more."""
    end = time.monotonic() + BOUND
    while True:
        try:
            httpx.get(f"{address}/healthz", trust_env=False)
        except httpx.ConnectError:
            return
        assert time.monotonic() < end, "the server went on accepting connections"


@pytest.mark.parametrize("way", ["blocking", "awaited", "streamed"])
def test_an_interrupted_program_ends_at_once_and_the_next_one_finds_its_run_going_on(
    tmp_path: Path, way: str
) -> None:
    with ModelServer() as model_server:
        with (
            model_server.held(is_late),
            program(f"WAY = {way!r}\n" + textwrap.dedent(INTERRUPTED), tmp_path, model_server) as process,
        ):
            model_server.wait_for_requests(2, is_late)
            model_server.wait_for_requests(3, lambda request: request.kind == "verdict")
            process.send_signal(signal.SIGINT)
            printed, errors = process.communicate(timeout=BOUND)
            # Python's own way to end on Ctrl-C, with one traceback and nothing after it.
            assert (process.returncode, printed) == (-signal.SIGINT, "")
            assert errors.rstrip().endswith("KeyboardInterrupt"), errors
            assert errors.count("\nKeyboardInterrupt") == 1, errors
            assert "elluminate_server" not in errors, errors
        with program(NEXT_START, tmp_path, model_server) as process:
            printed, errors = process.communicate(timeout=BOUND)
        assert (process.returncode, errors) == (0, "")
        kept, *rows, ratings = printed.split()
        assert int(kept) >= 3
        assert (rows, ratings) == ([f"topic{number}" for number in range(1, ROWS + 1)], str(ROWS))
        assert sum(request.kind == "answer" for request in model_server.requests) == ROWS + 2


@contextmanager
def program(source: str, folder: Path, model_server: ModelServer) -> Iterator["subprocess.Popen[str]"]:
    """A Python program that uses `local:` on a database in the folder."""
    environment = clean_environment(ELLUMINATE_BASE_URL="local:evals.db", **settings_for(model_server))
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source)],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=BOUND)
