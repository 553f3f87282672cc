"""Pools of connections for calls over HTTP: what their time counts, what closing leaves, what is not sent or logged."""

import asyncio
import gc
import logging
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from elluminate_server.llm.endpoint import Endpoint
from elluminate_server.llm.http_calls import HttpCalls
from elluminate_server.llm.pace import FIRST_LIMIT
from elluminate_server.llm.types import ModelError
from tests.support.model_server import ModelServer
from tests.support.raw_server import Act, RawServer, answers, stalls
from tests.unit.llm.endpoint_calls import BODY, KEY, OK, REQUEST, ask, endpoint

# Time


def test_the_time_for_an_attempt_does_not_run_before_it_is_sent(server: ModelServer) -> None:
    async def run() -> None:
        async with endpoint(server.base_url, patience=60.0) as asked:
            with server.held():
                # More than the endpoint is given at a time: the others wait, and then have all of their time.
                calls = [asyncio.create_task(ask(asked, seconds=5.0)) for _ in range(5 * FIRST_LIMIT)]
                await asyncio.to_thread(server.wait_for_requests, FIRST_LIMIT)
            await asyncio.gather(*calls)

    asyncio.run(run())


_WHAT_A_CALL_IMPORTS = """
import asyncio, sys
from elluminate_server.llm.endpoint import Endpoint

async def call():
    endpoint = Endpoint(base_url=sys.argv[1], api_key=None)
    before = []
    post = endpoint._calls.post

    async def after_preparing(*arguments, **given):
        before.append((set(sys.modules), set(endpoint._calls._pools)))
        return await post(*arguments, **given)

    endpoint._calls.post = after_preparing
    request = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
    await endpoint.ask("/chat/completions", request, attempt_seconds=10, max_retries=0)
    await endpoint.aclose()
    modules, pools = before[0]
    assert len(pools) == 1
    return sorted(set(sys.modules) - modules)

assert "aiohttp" not in sys.modules
print(asyncio.run(call()))
"""


def test_nothing_is_imported_and_no_pool_made_within_a_measured_time(server: ModelServer) -> None:
    by_name = server.base_url.replace("127.0.0.1", "localhost")
    command = [sys.executable, "-c", _WHAT_A_CALL_IMPORTS, by_name]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ran.stdout.strip(), ran.stderr) == ("[]", "")


# Event loops and the end


def test_each_event_loop_has_its_pool_and_all_of_them_are_closed(server: ModelServer) -> None:
    asked = Endpoint(base_url=server.base_url, api_key=KEY)
    other = asyncio.new_event_loop()
    thread = threading.Thread(target=other.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(ask(asked), other).result(30)

        async def run() -> None:
            await ask(asked)
            await asked.aclose()

        asyncio.run(run())
        asyncio.run(run())
    finally:
        other.call_soon_threadsafe(other.stop)
        thread.join(30)
        other.close()
    assert len(server.requests) == 3
    assert isinstance(asked._calls, HttpCalls)
    assert asked._calls._pools == {}


@pytest.mark.parametrize("debug", [False, True])
def test_closing_leaves_nothing_behind(debug: bool, caplog: pytest.LogCaptureFixture) -> None:
    complaints: list[Any] = []

    async def run(base_url: str) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
        async with endpoint(base_url) as asked:
            await asyncio.gather(*(ask(asked) for _ in range(5)))

    with RawServer(answers(BODY)) as server, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with caplog.at_level(logging.DEBUG):
            asyncio.run(run(server.base_url), debug=debug)
        gc.collect()
    assert (complaints, [str(each.message) for each in warned]) == ([], [])
    assert KEY not in caplog.text


@pytest.mark.parametrize("act", [stalls(), stalls(OK + b"Content-Length: 99\r\n\r\n{")])
def test_a_call_that_is_given_up_closes_its_connection(act: Act) -> None:
    async def run(server: RawServer) -> None:
        async with endpoint(server.base_url) as asked:
            call = asyncio.create_task(ask(asked))
            while not server.requests:
                await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert await ask(asked) == BODY

    with RawServer(act, answers(BODY)) as server:
        asyncio.run(run(server))
    assert server.connections == 2


@pytest.mark.parametrize("status", [200, 401, 429, 503])
def test_the_key_is_in_no_log_of_any_library(
    status: int, server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        async with endpoint(server.base_url) as asked:
            if status == 200:
                await ask(asked)
                return
            server.fail(2, status=status, message=f"{KEY} is wrong")
            with pytest.raises(ModelError):
                await ask(asked)

    for name in ("", "aiohttp", "aiohttp.client", "asyncio", "elluminate_server"):
        caplog.set_level(logging.DEBUG, name)
    asyncio.run(run(), debug=True)
    assert KEY not in caplog.text
    assert KEY not in "".join(map(repr, caplog.records))


def test_credentials_in_a_netrc_file_are_not_sent(
    server: ModelServer, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login stray password stray\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))

    async def run() -> None:
        asked = Endpoint(base_url=server.base_url, api_key=None)
        try:
            await ask(asked)
        finally:
            await asked.aclose()

    asyncio.run(run())
    assert "authorization" not in server.requests[0].headers


def test_a_connection_that_the_server_closed_meanwhile_is_not_used(server: ModelServer) -> None:
    def closes_later(connection: socket.socket) -> bool:
        answers(BODY)(connection)
        return False

    async def run(base_url: str) -> None:
        async with endpoint(base_url) as asked:
            for _ in range(3):
                assert await ask(asked) == BODY
                await _until(lambda: _idle_connections(asked) == 0)

    with RawServer(closes_later) as raw:
        asyncio.run(run(raw.base_url))
    assert raw.connections == len(raw.requests) == 3


def _idle_connections(asked: Endpoint) -> int:
    calls = asked._calls
    assert isinstance(calls, HttpCalls)
    pools = calls._pools.values()
    return sum(
        protocol.is_connected()
        for pool in pools
        for idle in pool.session.connector._conns.values()  # type: ignore[union-attr]
        for protocol, _ in idle
    )


async def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0)


def test_the_whole_call_costs_the_attempts_time_and_no_more(server: ModelServer) -> None:
    server.latency = 0.2

    async def run() -> tuple[float, float]:
        async with endpoint(server.base_url) as asked:
            received = await asked.ask("/chat/completions", REQUEST, attempt_seconds=20, max_retries=0)
            return received.duration_seconds, received.waited_seconds

    duration, waited = asyncio.run(run())
    assert duration >= 0.2
    assert 0 <= waited < duration
