"""Many at once: experiments on one client, clients on one server, and what has piled up in a database."""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from attrs import field, frozen

from benchmarks import model_endpoint
from elluminate import AsyncClient, Client, unique_name
from elluminate.exceptions import APIError, ElluminateError
from tests.support.serve_process import Served, serving

__all__ = ["Soaked", "experiments_on_one_client", "page_of_experiments", "soak"]

EXPERIMENTS_AT_ONCE, THEIR_ROWS, LATENCY = 100, 5, 0.2
EXPERIMENTS_ON_A_PAGE, RESPONSES_EACH = 25, 10_000
CLIENTS = 50
SAMPLE_SECONDS = 5.0


@frozen
class Soaked:
    """What became of many clients' mixed calls.

    Attributes:
        calls: Calls that were made.
        failures: What went wrong, counted by kind; empty when nothing did.
        lost: Writes that were answered and are not there.
        memory_mb: Resident memory of the server, every few seconds.
    """

    calls: int
    failures: Counter[str]
    lost: int
    memory_mb: list[float] = field(repr=False)

    @property
    def slope_mb_per_minute(self) -> float:
        """How the memory grows in the second half, once caches are filled."""
        later = self.memory_mb[len(self.memory_mb) // 2 :]
        if len(later) < 2:
            return 0.0
        minutes = [number * SAMPLE_SECONDS / 60 for number in range(len(later))]
        return statistics.linear_regression(minutes, later).slope


def experiments_on_one_client() -> tuple[float, float]:
    """Many experiments at once on one AsyncClient: the seconds that they take, and the server's most memory in MB."""

    async def run_all(served: Served) -> float:
        async with AsyncClient(base_url=served.base_url, api_key=served.api_key) as client:
            template = await client.create_prompt_template("Explain", template="Explain {{topic}}.")
            collection = await client.create_collection(
                "Topics", variables=[{"topic": f"topic {number}"} for number in range(THEIR_ROWS)]
            )
            began = time.perf_counter()
            ran = await asyncio.gather(
                *(
                    client.run_experiment(
                        f"Run {number}", template, collection, criteria=["Is it short?", "Is it true?"]
                    )
                    for number in range(EXPERIMENTS_AT_ONCE)
                )
            )
            took = time.perf_counter() - began
        rated = [each.results.num_rated_responses if each.results else 0 for each in ran]
        if rated != [THEIR_ROWS] * EXPERIMENTS_AT_ONCE:
            raise RuntimeError(f"Not all experiments came out whole: {rated}")
        return took

    with _served(LATENCY) as served:
        return asyncio.run(run_all(served)), _memory_mb(served, most=True)


def page_of_experiments(rounds: int) -> float:
    """Seconds of a page of experiments that have many responses each."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "runs.db") as served,
        Client(base_url=served.base_url, api_key=served.api_key, timeout=600) as client,
    ):
        template = client.create_prompt_template("Explain", template="Explain {{topic}}.")
        collection = client.create_collection(
            "Topics", variables=[{"topic": f"topic {number}"} for number in range(RESPONSES_EACH)]
        )
        for number in range(EXPERIMENTS_ON_A_PAGE):
            client.run_experiment(f"Run {number}", template, collection, criteria=["Is it short?"])
        assert client.current_project is not None
        address = f"{served.base_url}/api/v0/projects/{client.current_project.id}/experiments"
        took = []
        with httpx.Client(headers={"X-API-Key": served.api_key}, trust_env=False, timeout=60) as bare:
            for _ in range(rounds):
                began = time.perf_counter()
                answer = bare.get(address, params={"limit": EXPERIMENTS_ON_A_PAGE})
                took.append(time.perf_counter() - began)
                answer.raise_for_status()
                assert len(answer.json()["items"]) == EXPERIMENTS_ON_A_PAGE
    return statistics.median(took)


def soak(seconds: float) -> Soaked:
    """Many clients' mixed calls for so long: reading, writing, running, deleting."""
    with _served(0.05) as served:
        return asyncio.run(_soak(served, seconds))


async def _soak(served: Served, seconds: float) -> Soaked:
    end = time.monotonic() + seconds
    memory: list[float] = []
    calls: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    kept: set[str] = set()

    async def watch() -> None:
        while time.monotonic() < end:
            memory.append(_memory_mb(served))
            await asyncio.sleep(SAMPLE_SECONDS)

    async def use(number: int) -> None:
        chance = random.Random(number)
        async with AsyncClient(base_url=served.base_url, api_key=served.api_key) as client:
            while time.monotonic() < end:
                try:
                    await _one_round(client, chance, calls, kept)
                except APIError as error:
                    failures[f"{error.status_code} {type(error).__name__}"] += 1
                except ElluminateError as error:
                    failures[type(error).__name__] += 1

    await asyncio.gather(watch(), *(use(number) for number in range(CLIENTS)))
    async with AsyncClient(base_url=served.base_url, api_key=served.api_key) as client:
        there = {collection.name for collection in await client.list_collections()}
    return Soaked(calls.total(), failures, len(kept - there), memory)


async def _one_round(client: AsyncClient, chance: random.Random, calls: Counter[str], kept: set[str]) -> None:
    """What a person does in a minute, without the pauses."""
    name = unique_name("Topics")
    topics = [{"topic": f"topic {chance.random()}"} for _ in range(chance.randint(1, 5))]
    collection = await client.create_collection(name, variables=topics)
    template, _ = await client.get_or_create_prompt_template("Explain", template="Explain {{topic}}.")
    calls["write"] += 2
    action = chance.choice(["run", "read", "read", "delete", "add"])
    if action == "run":
        experiment = await client.run_experiment(
            unique_name("Run"), template, collection, criteria=["Short?"]
        )
        calls["run"] += 1
        if experiment.results is None or experiment.results.num_rated_responses != len(topics):
            raise RuntimeError(f"A run lost something: {experiment.results}")
    elif action == "read":
        await client.list_prompt_templates()
        await client.get_collection(name=name)
        calls["read"] += 2
    elif action == "delete":
        await client.delete_collection(collection)
        calls["delete"] += 1
        return
    else:
        await collection.aadd_many([{"topic": f"topic {chance.random()}"}])
        calls["add"] += 1
    kept.add(name)


@contextmanager
def _served(latency: float) -> Iterator[Served]:
    with tempfile.TemporaryDirectory() as folder, model_endpoint.running(latency) as base_url:
        environment = {"ELLUMINATE_LLM_BASE_URL": base_url, "ELLUMINATE_LLM_MODEL": "fixed"}
        with serving(Path(folder) / "runs.db", environment=environment) as served:
            yield served


def _memory_mb(served: Served, *, most: bool = False) -> float:
    """Resident memory of the server, now or at its most; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{served.process.pid}/status").read_text()
    except FileNotFoundError:
        return 0.0
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:" if most else "VmRSS:")]
    return int(line.split()[1]) / 1024
