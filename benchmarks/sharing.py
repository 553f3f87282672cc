"""One run on one worker and on two: what a second process brings where models are what is waited for."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.interleaving import Ratio
from elluminate_server.local import LocalAddress
from tests.execution.backend import Backend, client_of
from tests.support.model_server import ModelServer
from tests.support.serve_process import serving
from tests.support.worker_process import working

ROWS = 256
CONCURRENCY = 8
LATENCY = 0.25
"""Seconds of a call; a row takes two of them, one after the other."""


PLACES, WORKERS = 8, 4
PLACES_ROWS = 400


def one_worker_and_two(rounds: int) -> Ratio:
    """Seconds of a run on one worker, and on two, in turns."""
    with _deployed(1) as (one, _), _deployed(2) as (two, _):
        times = [(_run(one, number), _run(two, number)) for number in range(rounds)]
    return Ratio([first for first, _ in times], [second for _, second in times])


def places_used() -> tuple[float, int]:
    """How many calls four workers have under way at an endpoint with eight places: on average, and at most."""
    with _deployed(WORKERS, places=PLACES) as (backend, model_server):
        _run(backend, 0, rows=PLACES)  # each worker has connected by then
        before, model_server.most_at_once = model_server.open_seconds, 0
        took = _run(backend, 1, rows=PLACES_ROWS)
        return (model_server.open_seconds - before) / took, model_server.most_at_once


@contextmanager
def _deployed(workers: int, places: int = 200) -> Iterator[tuple[Backend, ModelServer]]:
    with ExitStack() as stack:
        database = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "runs.db"
        model_server = stack.enter_context(ModelServer())
        model_server.latency = LATENCY
        environment = {
            "ELLUMINATE_LLM_BASE_URL": model_server.base_url,
            "ELLUMINATE_LLM_MODEL": "scripted",
            "ELLUMINATE_LLM_API_KEY": "key-of-the-benchmark",
            "ELLUMINATE_API_KEY": "key-of-the-benchmark",
            "ELLUMINATE_MAX_CONCURRENT_CALLS": str(places),
        }
        served = stack.enter_context(serving(database, "--no-work", environment=environment))
        for _ in range(workers):
            stack.enter_context(working(database, "--concurrency", str(CONCURRENCY), environment=environment))
        yield (
            Backend(stack.enter_context(client_of(LocalAddress(served.base_url, served.api_key)))),
            model_server,
        )


def _run(backend: Backend, number: int, rows: int = ROWS) -> float:
    experiment = backend.create_experiment(
        rows=rows, criteria=("Is it short?", "Is it long?"), name=f"run {number}"
    )
    began = time.perf_counter()
    ended = backend.ended(experiment, backend.run(experiment))
    took = time.perf_counter() - began
    if ended["status"] != "SUCCESS":
        raise RuntimeError(f"The run did not succeed: {ended}")
    return took
