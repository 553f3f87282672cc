"""One call through the client against the same call through bare httpx, on loopback, connections reused."""

from __future__ import annotations

import asyncio

import httpx

from benchmarks.fixed_server import PATH
from benchmarks.interleaving import Ratio, compare, compare_async
from elluminate import AsyncClient, Client

CALLS_PER_ROUND = 100
_KEY = "benchmark"
_HEADERS = {"X-API-Key": _KEY, "SDK-Version": "1.5.2"}


def blocking_calls(base_url: str, rounds: int) -> Ratio:
    """`Client.get_criterion_set(id=1)` / `httpx.Client.get(...).json()`."""
    with httpx.Client(base_url=base_url, headers=_HEADERS) as bare, Client(base_url, _KEY) as client:

        def through_httpx() -> None:
            for _ in range(CALLS_PER_ROUND):
                response = bare.get(PATH)
                response.raise_for_status()
                assert response.json()["name"] == "Quality"

        def through_client() -> None:
            for _ in range(CALLS_PER_ROUND):
                assert client.get_criterion_set(id=1).name == "Quality"

        return compare(through_httpx, through_client, rounds=rounds)


def async_calls(base_url: str, rounds: int) -> Ratio:
    """`AsyncClient.get_criterion_set(id=1)` / `httpx.AsyncClient.get(...).json()`, one after the other."""
    return asyncio.run(_async_calls(base_url, rounds))


async def _async_calls(base_url: str, rounds: int) -> Ratio:
    async with (
        httpx.AsyncClient(base_url=base_url, headers=_HEADERS) as bare,
        AsyncClient(base_url, _KEY) as client,
    ):

        async def through_httpx() -> None:
            for _ in range(CALLS_PER_ROUND):
                response = await bare.get(PATH)
                response.raise_for_status()
                assert response.json()["name"] == "Quality"

        async def through_client() -> None:
            for _ in range(CALLS_PER_ROUND):
                assert (await client.get_criterion_set(id=1)).name == "Quality"

        return await compare_async(through_httpx, through_client, rounds=rounds)
