"""Pages in a browser: one of an experiment with many answers against the same one of an experiment with few."""

from __future__ import annotations

import functools
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from attrs import frozen

from benchmarks.engine import computed
from benchmarks.interleaving import Ratio, compare
from elluminate import Client
from tests.support.serve_process import Served, serving

__all__ = ["FEW", "MANY", "WAIT_BOUND", "Looked", "look"]

MANY, FEW, CRITERIA = 10_000, 100, ("Is it short?", "Is it about {{topic}}?")
FIRST_BOUND, MATRIX_BOUND, OTHERS_BOUND = 0.3, 0.1, 0.5
"""Seconds: of the first look at an experiment, of a page of its rows, and of the other pages about its answers."""
WAIT_BOUND = 0.05
"""Seconds that 99 of 100 others wait at most meanwhile, for what takes a server no time."""

_PAGES = (
    ("its last rows", "experiments/{id}?page=200", MATRIX_BOUND),
    ("its last rows as in the collection", "experiments/{id}?page=200&sort=row", MATRIX_BOUND),
    ("its rows with a NO", "experiments/{id}?verdict=NO", MATRIX_BOUND),
    ("its rows that lack a verdict", "experiments/{id}?verdict=missing", MATRIX_BOUND),
    ("its rows with a text", "experiments/{id}?q=topic+9", MATRIX_BOUND),
    ("an answer of it", "responses/{response}", OTHERS_BOUND),
    ("the next label", "label?experiment={id}", OTHERS_BOUND),
)


@frozen
class Looked:
    """Looks at one page.

    Attributes:
        name: What the page shows.
        ratio: Seconds of a look at the experiment with few answers, and at that with many.
        computing: Seconds of computing that a look at the one with many took in the server, on average.
        bound: What a look may take, in seconds.
    """

    name: str
    ratio: Ratio
    computing: float
    bound: float


def look(rounds: int, processes: int) -> tuple[list[Looked], float]:
    """Look at all pages; also what 99 of 100 others waited at most meanwhile, in seconds.

    Args:
        rounds: How often at each.
        processes: How often at an experiment for the first time, each in a process of its own, which remembers nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "runs.db"
        with serving(database) as served:
            few, many = _ran(served, FEW), _ran(served, MANY)
        first, second, computing = [], [], []
        for _ in range(processes):
            with _visiting(database) as (served, http):
                first.append(_timed(http, f"experiments/{few}"))
                before = computed(served)
                second.append(_timed(http, f"experiments/{many}"))
                computing.append(computed(served) - before)
        looked = [
            Looked(
                "an experiment, for the first time",
                Ratio(first, second),
                statistics.median(computing),
                FIRST_BOUND,
            )
        ]
        with _visiting(database) as (served, http):
            answers = {one: _first_answer(http, one) for one in (few, many)}
            for name, path, bound in _PAGES:
                a, b = (path.format(id=one, response=answers[one]) for one in (few, many))
                ratio = compare(
                    functools.partial(_timed, http, a), functools.partial(_timed, http, b), rounds=rounds
                )
                before = computed(served)
                for _ in range(rounds):  # the system counts in hundredths of a second
                    _timed(http, b)
                looked.append(Looked(name, ratio, (computed(served) - before) / rounds, bound))
            with _others(served) as waited:
                for _ in range(rounds):
                    for _, path, _ in _PAGES:
                        _timed(http, path.format(id=many, response=answers[many]))
        return looked, statistics.quantiles(waited, n=100)[98]


def _ran(served: Served, rows: int) -> int:
    """An experiment of so many answers of the offline model; its id."""
    with Client(base_url=served.base_url, api_key=served.api_key, timeout=600) as client:
        template, _ = client.get_or_create_prompt_template("Explain", template="Explain {{topic}}.")
        collection = client.create_collection(
            f"{rows} topics", variables=[{"topic": f"topic {number}"} for number in range(rows)]
        )
        return client.run_experiment(f"{rows} rows", template, collection, criteria=list(CRITERIA)).id


@contextmanager
def _visiting(database: Path) -> Iterator[tuple[Served, httpx.Client]]:
    """A new server on a database, and what a browser is to it."""
    with (
        serving(database) as served,
        httpx.Client(
            base_url=f"{served.base_url}/projects/1/",
            headers={"Origin": served.base_url},
            trust_env=False,
            timeout=60,
        ) as http,
    ):
        assert http.post(f"{served.base_url}/login", data={"key": served.api_key}).status_code == 303
        _timed(http, "queue")
        yield served, http


def _timed(http: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    answer = http.get(path)
    took = time.perf_counter() - began
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")
    return took


def _first_answer(http: httpx.Client, experiment_id: int) -> int:
    found = re.search(r"/responses/(\d+)", http.get(f"experiments/{experiment_id}").text)
    assert found is not None
    return int(found[1])


@contextmanager
def _others(served: Served) -> Iterator[list[float]]:
    """What somebody waits who asks for something small all the while, in seconds."""
    over = threading.Event()
    waited: list[float] = []

    def ask() -> None:
        with httpx.Client(base_url=served.base_url, trust_env=False, timeout=60) as http:
            while not over.wait(0.01):
                waited.append(_timed(http, "/static/pages.css"))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield waited
    finally:
        over.set()
        thread.join()
