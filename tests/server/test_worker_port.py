"""The port of a worker: what is counted there, and whether it lives."""

import logging
import time

import anyio
import attrs
import httpx
import pytest

from elluminate_server.listening import address_of, bind
from elluminate_server.settings import Settings
from elluminate_server.worker import working

pytestmark = pytest.mark.anyio

BOUND = 30.0


async def test_it_lives_as_long_as_it_takes_tasks_and_counts_what_it_does(settings: Settings) -> None:
    with bind("127.0.0.1", 0) as listener:
        address = address_of(listener)
        async with (
            working(attrs.evolve(settings, shares_work=True), listener) as executor,
            httpx.AsyncClient(base_url=address, trust_env=False) as client,
        ):
            assert (await client.get("/healthz")).json()["status"] == "ok"
            logging.getLogger("elluminate_server.execution").error("It broke.")
            assert 'elluminate_log_lines_total{level="error"} 1.0' in (await client.get("/metrics")).text

            executor._services[0].cancel()
            end = time.monotonic() + BOUND
            while (answer := await client.get("/healthz")).status_code == 200:
                assert time.monotonic() < end
                await anyio.sleep(0.01)
            assert (answer.status_code, answer.json()["status"]) == (503, "ended")
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{address}/healthz", trust_env=False)
