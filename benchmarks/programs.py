"""`run_experiment(target=…)` against the least that the program's own time allows."""

from __future__ import annotations

import asyncio
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen

from benchmarks.interleaving import Ratio
from elluminate import AsyncClient, Client, NoCriteriaWarning, unique_name
from elluminate_server.serving import stop_local_server

__all__ = ["AT_ONCE", "LATENCY", "ROWS", "WAYS", "answering"]

ROWS, LATENCY, AT_ONCE = 1_000, 0.05, 50
WAYS = (
    "blocking client, async function",
    "blocking client, ordinary function",
    "async client, async function",
)


@frozen
class Taken:
    """What runs took.

    Attributes:
        answering: Seconds from the first call to the last answer, against the least that it can take.
        whole: Seconds of the whole call, with creating the experiment, storing and reading the answers.
    """

    answering: Ratio
    whole: list[float]


def answering(way: str, rounds: int) -> Taken:
    """Rows that a program answers which only waits; nothing is judged."""
    ideal = ROWS * LATENCY / AT_ONCE
    took: list[float] = []
    whole: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "programs.db"
        address = f"local:{database.as_posix()}"
        try:
            for _ in range(rounds):
                of_answers, of_all = _once(way, address)
                took.append(of_answers)
                whole.append(of_all)
        finally:
            stop_local_server(str(database))
    return Taken(Ratio([ideal] * rounds, took), whole)


def _once(way: str, address: str) -> tuple[float, float]:
    began: list[float] = []
    ended: list[float] = []

    async def coroutine(number: str) -> str:
        began.append(time.perf_counter())
        await asyncio.sleep(LATENCY)
        ended.append(time.perf_counter())
        return number

    def ordinary(number: str) -> str:
        began.append(time.perf_counter())
        time.sleep(LATENCY)
        ended.append(time.perf_counter())
        return number

    given: dict[str, Any] = {
        "target": ordinary if "ordinary" in way else coroutine,
        "max_concurrency": AT_ONCE,
    }
    with Client(base_url=address) as client:
        rows = [{"number": str(number)} for number in range(ROWS)]
        collection = client.create_collection(unique_name("Rows"), variables=rows)
        call: Callable[[], int]
        if way.startswith("blocking"):

            def call() -> int:
                return len(client.run_experiment(unique_name("Run"), None, collection, **given).responses())
        else:

            def call() -> int:
                return asyncio.run(_awaited(address, collection.name, given))

        started = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NoCriteriaWarning)
            assert call() == ROWS
        of_all = time.perf_counter() - started
    return max(ended) - began[0], of_all


async def _awaited(address: str, collection: str, given: dict[str, Any]) -> int:
    async with AsyncClient(base_url=address) as client:
        return len((await client.run_experiment(unique_name("Run"), None, collection, **given)).responses())
