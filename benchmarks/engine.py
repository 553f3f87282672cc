"""Runs against the least that their models allow: how much the engine adds, in time and in computing."""

from __future__ import annotations

import http.client
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from attrs import frozen

from benchmarks import model_endpoint
from benchmarks.interleaving import Ratio
from elluminate import Client, unique_name
from elluminate.schemas import Experiment
from tests.support.serve_process import Served, serving

__all__ = ["MEASURED", "Load", "comparing_at_defaults", "computed", "model_bound", "offline", "watched"]

ROWS, CRITERIA = 1_000, ("Is it short?", "Is it true?", "Is it kind?")
OFFLINE_ROWS, OFFLINE_CRITERIA = 4_000, ("Is it short?", "Is it about {{topic}}?")
WATCHED_ROWS, WATCHED_LATENCY, LOOKS = 10_000, 0.5, 1_000
GUIDES_ROWS, GUIDES_LATENCY = 5, 0.5


@frozen
class Load:
    """A run whose time is the model's.

    Attributes:
        latency: Seconds that every call takes.
        at_once: Calls at a time.
        bound: What the run may take, as a multiple of the least that it can.
    """

    latency: float
    at_once: int
    bound: float


MEASURED = (Load(0.05, 50, 1.3), Load(0.2, 200, 1.2))


@frozen
class Taken:
    """What a run took.

    Attributes:
        ratio: Seconds of the run, against the least that it can take.
        cpu_per_call: Seconds of computing in the server, per call of a model.
        slowest_polls: Seconds that 99 of 100 looks at its status took at most.
    """

    ratio: Ratio
    cpu_per_call: float
    slowest_polls: float


def model_bound(load: Load, rounds: int) -> Taken:
    """Rows with three criteria each, judged one by one."""
    calls = ROWS * (1 + len(CRITERIA))
    ideal = calls * load.latency / load.at_once
    took: list[float] = []
    computing: list[float] = []
    polls: list[float] = []
    environment = {"ELLUMINATE_MAX_CONCURRENT_CALLS": str(load.at_once)}
    with _deployed(load.latency, environment) as (served, client):
        _ran(client, 50, CRITERIA)  # the endpoint has shown by then what it takes
        for _ in range(rounds):
            before = computed(served)
            with _polling(served, polls):
                took.append(_ran(client, ROWS, CRITERIA)[1])
            computing.append((computed(served) - before) / calls)
    return Taken(Ratio([ideal] * rounds, took), statistics.median(computing), _of_100(polls, 99))


def offline(rounds: int, database: str | None = None) -> float:
    """Rows a second with the offline model and two criteria, where nothing but the engine takes time.

    Args:
        rounds: How often it is measured; the median counts.
        database: The URL of an empty database; None takes an SQLite file.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        # Given, so that none is made and left beside the settings of whoever measures.
        serving(
            database or Path(folder) / "runs.db",
            environment={"ELLUMINATE_SECRET_KEY": "a-secret-key-of-the-benchmarks-alone"},
        ) as served,
        Client(base_url=served.base_url, api_key=served.api_key) as client,
    ):
        took = [_ran(client, OFFLINE_ROWS, OFFLINE_CRITERIA)[1] for _ in range(rounds)]
    return OFFLINE_ROWS / statistics.median(took)


def comparing_at_defaults(rounds: int) -> tuple[Ratio, float]:
    """Three experiments at once against one, at default settings; and the seconds that one adds to its models'."""
    ones, threes, ends = [], [], []
    with _deployed(GUIDES_LATENCY, {}) as (_, client):
        _ran(client, GUIDES_ROWS, CRITERIA[:2])
        for _ in range(rounds):
            began = time.perf_counter()
            ends.append(_ran(client, GUIDES_ROWS, CRITERIA[:2])[1])
            ones.append(time.perf_counter() - began)  # made and run, as the three are
            began = time.perf_counter()
            threads = [
                threading.Thread(target=_ran, args=(client, GUIDES_ROWS, CRITERIA[:2])) for _ in range(3)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            threes.append(time.perf_counter() - began)
    return Ratio(ones, threes), statistics.median(ends) - 2 * GUIDES_LATENCY


def watched() -> Ratio:
    """The 99th percentile of looks at the status of a run of many rows at default settings, against those at rest."""
    with _deployed(WATCHED_LATENCY, {}) as (served, client):
        template, _ = client.get_or_create_prompt_template("Explain", template="Explain {{topic}}.")
        collection, _ = client.get_or_create_collection("Many topics")
        collection.add_many([{"topic": f"topic {number}"} for number in range(WATCHED_ROWS)])
        criteria, _ = client.get_or_create_criterion_set("Three", {"criteria": list(CRITERIA)})
        name = unique_name("Run")
        stream = client.stream_experiment(name, template, collection, criterion_set=criteria)
        while (told := next(stream).progress) is None or told.responses_generated < 100:
            pass
        running = client.get_experiment(name=name)
        path = f"experiments/{running.id}/generation/{running.generation_task_id}"
        during = _looks(served, client.projects[0].id, path)
        running.cancel()
        at_rest = _looks(served, client.projects[0].id, path)
    return Ratio([_of_100(at_rest, 99)], [_of_100(during, 99)])


def _looks(served: Served, project_id: int, path: str) -> list[float]:
    """Seconds of each of `LOOKS` looks, one every 20 ms, on one connection without a client of ours that takes time."""
    url = urlsplit(f"{served.base_url}/api/v0/projects/{project_id}/{path}")
    connection = http.client.HTTPConnection(url.hostname or "", url.port)
    took = []
    with closing(connection):
        for _ in range(LOOKS):
            time.sleep(0.02)
            began = time.perf_counter()
            connection.request("GET", url.path, headers={"X-API-Key": served.api_key})
            answer = connection.getresponse()
            answer.read()
            took.append(time.perf_counter() - began)
            if answer.status != 200:
                raise RuntimeError(f"{url.path} answered {answer.status}")
    return took


@contextmanager
def _deployed(latency: float, environment: Mapping[str, str]) -> Iterator[tuple[Served, Client]]:
    with tempfile.TemporaryDirectory() as folder, model_endpoint.running(latency) as base_url:
        models = {"ELLUMINATE_LLM_BASE_URL": base_url, "ELLUMINATE_LLM_MODEL": "fixed"}
        with (
            serving(Path(folder) / "runs.db", environment={**models, **environment}) as served,
            Client(base_url=served.base_url, api_key=served.api_key) as client,
        ):
            yield served, client


def _ran(client: Client, rows: int, criteria: tuple[str, ...]) -> tuple[Experiment, float]:
    """A run that succeeded, and its seconds: those that the server tells; for few rows those that its caller waits."""
    template, _ = client.get_or_create_prompt_template("Explain", template="Explain {{topic}}.")
    collection, is_new = client.get_or_create_collection(f"{rows} topics")
    if is_new:
        collection.add_many([{"topic": f"topic {number}"} for number in range(rows)])
    experiment = client.create_experiment(
        unique_name("Run"),
        template,
        collection,
        criterion_set=client.get_or_create_criterion_set(f"{len(criteria)}", {"criteria": list(criteria)})[0],
    )
    began = time.perf_counter()
    experiment = experiment.run()
    waited = time.perf_counter() - began
    results = experiment.results
    if (
        results is None
        or results.num_rated_responses != rows
        or results.verdicts is None
        or results.verdicts.missing
    ):
        raise RuntimeError(f"The run did not succeed: {results}")
    told = results.experiment_duration_seconds
    return experiment, waited if rows <= 10 or told is None else told


@contextmanager
def _polling(served: Served, took: list[float]) -> Iterator[None]:
    """Look at the list of experiments all the while, as somebody does who waits."""
    over = threading.Event()

    def poll() -> None:
        with Client(base_url=served.base_url, api_key=served.api_key) as client:
            while not over.wait(0.05):
                began = time.perf_counter()
                client.list_criterion_sets()
                took.append(time.perf_counter() - began)

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def computed(served: Served) -> float:
    """Seconds of computing that the server has taken so far; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{served.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _of_100(times: list[float], which: int) -> float:
    return statistics.quantiles(times, n=100)[which - 1] if len(times) > 1 else 0.0
