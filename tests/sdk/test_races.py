"""Fifty callers who want the same thing at once all get the same thing, made once: tasks and threads."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from elluminate import AsyncClient, Client

pytestmark = pytest.mark.anyio

CALLERS = 50

WANTED: dict[str, tuple[Any, ...]] = {
    "get_or_create_prompt_template": ("Explain {{concept}}.",),
    "get_or_create_collection": ({"variables": [{"concept": "tides"}]},),
    "get_or_create_criterion_set": ({"criteria": ["Is it true?"]},),
    "get_or_create_llm_config": ({"llm_model_name": "small-1", "api_key": "not-a-key"},),
    "get_or_create_scenario_set": (),
    "get_or_create_persona": ({"description": "A pupil of ten."},),
}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Client(base_url="local::memory:") as client:
        yield client


def one_thing(got: list[tuple[Any, bool]]) -> Any:
    """What all callers got, made by exactly one of them."""
    assert len({thing.id for thing, _ in got}) == 1
    assert [made for _, made in got].count(True) == 1
    return got[0][0]


@pytest.mark.parametrize("operation", WANTED)
def test_threads_that_race_get_one_object(client: Client, operation: str) -> None:
    together = threading.Barrier(CALLERS)

    def call(_: int) -> tuple[Any, bool]:
        together.wait(30)
        got: tuple[Any, bool] = getattr(client, operation)(f"Threads: {operation}", *WANTED[operation])
        return got

    with ThreadPoolExecutor(CALLERS) as pool:
        thing = one_thing(list(pool.map(call, range(CALLERS))))
    assert thing.name == f"Threads: {operation}"


@pytest.mark.parametrize("operation", WANTED)
async def test_tasks_that_race_get_one_object(operation: str) -> None:
    async with AsyncClient(base_url="local::memory:") as client:
        call = getattr(client, operation)
        calls = [call(f"Tasks: {operation}", *WANTED[operation]) for _ in range(CALLERS)]
        one_thing(await asyncio.gather(*calls))


def test_every_get_or_create_is_raced_here() -> None:
    offered = {name for name in dir(Client) if name.startswith("get_or_create_")}
    assert offered - set(WANTED) == {"get_or_create_persona_group"}  # raced below, as it needs a persona


def test_threads_that_race_get_one_persona_group(client: Client) -> None:
    persona, _ = client.get_or_create_persona("Grouped", {"description": "A pupil of ten."})

    def call(_: int) -> tuple[Any, bool]:
        return client.get_or_create_persona_group("Raced", {"personas": [persona]})

    with ThreadPoolExecutor(CALLERS) as pool:
        one_thing(list(pool.map(call, range(CALLERS))))


def test_clients_that_race_fill_a_collection_once(client: Client) -> None:
    def call(_: int) -> tuple[Any, bool]:
        with Client(base_url="local::memory:") as client:
            return client.get_or_create_collection("Raced by clients", {"variables": [{"a": "1"}]})

    with ThreadPoolExecutor(8) as pool:
        collection = one_thing(list(pool.map(call, range(8))))
    assert collection.to_dicts() == [{"a": "1"}]
