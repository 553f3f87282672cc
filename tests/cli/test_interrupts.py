"""Ctrl-C and SIGTERM in the middle of a run: the process ends soon, and says what becomes of the run."""

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
    import asyncio, signal
    from elluminate import AsyncClient, Client

    # A shell that runs the tests in the background has it ignored, which programs inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)

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

PROGRAM = """
    import asyncio, pathlib, signal, threading, time
    from elluminate import AsyncClient, Client

    # A shell that runs the tests in the background has it ignored, which programs inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    ROWS = [{"topic": f"topic{number}"} for number in range(1, 6)]

    def asked(topic):
        with open("asked", "a") as file:
            file.write(topic + "\\n")

    def ordinary(topic):
        asked(topic)
        if topic == "topic4" and HANGS:
            pathlib.Path("hangs").touch()
            threading.Event().wait()
        return f"About {topic}."

    async def coroutine(topic):
        asked(topic)
        if topic == "topic4" and HANGS:
            pathlib.Path("hangs").touch()
            await asyncio.Event().wait()
        return f"About {topic}."

    given = dict(criteria=["Is it short?"], target=ordinary if KIND == "ordinary" else coroutine, max_concurrency=1)

    def blocking():
        client = Client()
        client.get_or_create_collection("c", {"variables": ROWS})
        return client.run_experiment("e", None, "c", **given)

    async def awaited():
        async with AsyncClient() as client:
            await client.get_or_create_collection("c", {"variables": ROWS})
            return await client.run_experiment("e", None, "c", **given)

    experiment = blocking() if WAY == "blocking" else asyncio.run(awaited())
    rows = [response.template_variables["topic"] for response in experiment.responses()]
    print(*sorted(rows), sum(len(response.ratings) for response in experiment.responses()))
    """

LOOKING = """
    from elluminate import Client

    experiment = Client().get_experiment(name="e")
    print(experiment.generation_task_id, len(list(experiment.responses())))
    """

GOING_ON = """
    from elluminate import Client

    experiment = Client().get_experiment(name="e")
    if GO_ON == "retry":
        experiment.retry_failed(timeout=30)
    else:
        experiment.wait_until_finished(timeout=60)
    rows = [response.template_variables["topic"] for response in experiment.responses()]
    print(*sorted(rows), sum(len(response.ratings) for response in experiment.responses()))
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
        except httpx.ReadError:
            pass  # this one had arrived, and nobody came for it any more
        assert time.monotonic() < end, "the server went on accepting connections"


def until_late(model_server: ModelServer) -> None:
    """Wait until three rows are rated, and the calls for the other two are open."""
    model_server.wait_for_requests(2, is_late)
    model_server.wait_for_requests(3, lambda request: request.kind == "verdict")


@pytest.mark.parametrize("way", ["blocking", "awaited", "streamed"])
def test_an_interrupted_program_ends_at_once_and_its_run_stands_still_until_it_is_retried(
    tmp_path: Path, way: str
) -> None:
    with ModelServer() as model_server:
        with (
            model_server.held(is_late),
            program(f"WAY = {way!r}\n" + textwrap.dedent(INTERRUPTED), tmp_path, model_server) as process,
        ):
            until_late(model_server)
            process.send_signal(signal.SIGINT)
            printed, errors = process.communicate(timeout=BOUND)
            # Python's own way to end on Ctrl-C, with one traceback and nothing after it; one line of ours before.
            assert (process.returncode, printed) == (-signal.SIGINT, "")
            told, *traceback = errors.rstrip().splitlines()
            assert told.startswith("Interrupted: the run of experiment 'e' stands still"), errors
            assert told.endswith(
                "Go on with client.get_experiment(name='e').retry_failed(), or drop it with "
                "client.delete_experiment(client.get_experiment(name='e'))."
            ), errors
            assert traceback[-1] == "KeyboardInterrupt", errors
            assert errors.count("\nKeyboardInterrupt") == 1, errors
            assert "Interrupted" not in "".join(traceback) and "elluminate_server" not in errors, errors
        asked = len(model_server.requests)
        with program(LOOKING, tmp_path, model_server) as process:
            printed, errors = process.communicate(timeout=BOUND)
        assert (process.returncode, errors) == (0, "")
        assert printed.split()[0] == "None" and int(printed.split()[1]) >= 3
        assert len(model_server.requests) == asked
        assert_completed("retry", tmp_path, model_server)


@pytest.mark.parametrize("kind", ["ordinary", "coroutine"])
@pytest.mark.parametrize("way", ["blocking", "awaited"])
def test_an_interrupted_program_under_test_keeps_its_answers_and_the_same_call_goes_on(
    tmp_path: Path, way: str, kind: str
) -> None:
    with ModelServer() as model_server:
        source = f"WAY, KIND = {way!r}, {kind!r}\n" + textwrap.dedent(PROGRAM)
        with program(f"HANGS = True\n{source}", tmp_path, model_server) as process:
            end = time.monotonic() + BOUND
            while not (tmp_path / "hangs").exists():
                assert process.poll() is None and time.monotonic() < end, process.communicate()
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            printed, errors = process.communicate(timeout=BOUND)
        assert (process.returncode, printed) == (-signal.SIGINT, ""), errors
        told, *traceback = errors.rstrip().splitlines()
        assert told == (
            "Interrupted: 3 of 5 answers of experiment 'e' are stored. The same call of "
            "run_experiment(…, target=…) goes on with the others."
        ), errors
        assert traceback[-1] == "KeyboardInterrupt", errors
        assert errors.count("\nKeyboardInterrupt") == 1, errors
        assert model_server.requests == []

        with program(f"HANGS = False\n{source}", tmp_path, model_server) as process:
            printed, errors = process.communicate(timeout=BOUND)
        assert (process.returncode, errors) == (0, "")
        assert printed.split() == [*(f"topic{number}" for number in range(1, 6)), "5"]
        asked = (tmp_path / "asked").read_text().split()
        assert asked == [f"topic{number}" for number in (1, 2, 3, 4, 4, 5)]


def test_after_a_crash_the_next_start_goes_on_and_says_so(tmp_path: Path) -> None:
    with ModelServer() as model_server:
        with (
            model_server.held(is_late),
            program("WAY = 'blocking'\n" + textwrap.dedent(INTERRUPTED), tmp_path, model_server) as process,
        ):
            until_late(model_server)
            process.kill()
            process.communicate(timeout=BOUND)
        told = assert_completed("wait", tmp_path, model_server)
        assert told.startswith("The run of experiment 'e' goes on, whose process has ended, at "), told
        assert told.rstrip().endswith("Stop it with client.get_experiment(name='e').cancel()."), told
        assert len(told.splitlines()) == 1


def assert_completed(how: str, folder: Path, model_server: ModelServer) -> str:
    """Every row is there once, and only the calls that were open were made again; what stands on stderr."""
    with program(f"GO_ON = {how!r}\n" + textwrap.dedent(GOING_ON), folder, model_server) as process:
        printed, errors = process.communicate(timeout=BOUND)
    assert process.returncode == 0, errors
    *rows, ratings = printed.split()
    assert (rows, ratings) == ([f"topic{number}" for number in range(1, ROWS + 1)], str(ROWS))
    assert sum(request.kind == "answer" for request in model_server.requests) == ROWS + 2
    return errors


@pytest.mark.parametrize("way", ["blocking", "awaited", "streamed"])
def test_a_run_on_a_server_goes_on_when_the_program_is_interrupted(tmp_path: Path, way: str) -> None:
    with ModelServer() as model_server, serving(fresh_database(tmp_path), model_server) as (backend, server):
        address = server.exported("ELLUMINATE_BASE_URL")
        key = {"ELLUMINATE_API_KEY": server.exported("ELLUMINATE_API_KEY")}
        source = f"WAY = {way!r}\n" + textwrap.dedent(INTERRUPTED)
        with (
            model_server.held(is_late),
            program(source, tmp_path, model_server, ELLUMINATE_BASE_URL=address, **key) as process,
        ):
            until_late(model_server)
            process.send_signal(signal.SIGINT)
            printed, errors = process.communicate(timeout=BOUND)
        assert (process.returncode, printed) == (-signal.SIGINT, "")
        told = errors.splitlines()[0]
        assert told.startswith(f"Interrupted: the run of experiment 'e' goes on at {address}"), errors
        assert told.endswith(
            "Wait for it with client.get_experiment(name='e').wait_until_finished(), or stop it with "
            "client.get_experiment(name='e').cancel()."
        ), errors
        (experiment,) = backend.get("experiments")["items"]
        backend.wait(
            lambda: {"responses": backend.responses(experiment_id=experiment["id"])},
            lambda found: len(found["responses"]) == ROWS,
        )
        assert sum(request.kind == "answer" for request in model_server.requests) == ROWS


@contextmanager
def program(
    source: str, folder: Path, model_server: ModelServer, **environment_of_its_own: str
) -> Iterator["subprocess.Popen[str]"]:
    """A Python program that uses `local:` on a database in the folder, unless told otherwise."""
    environment = clean_environment(
        **{"ELLUMINATE_BASE_URL": "local:evals.db", **settings_for(model_server), **environment_of_its_own}
    )
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
