"""Concurrent calls each have a connection: no more than 100, the one used last first, and none kept for nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import httpx
import pytest
from attrs import Factory, define

from elluminate import _http
from elluminate._config import Config
from elluminate._retries import RetryConfig
from elluminate._transport import AsyncTransport

pytestmark = pytest.mark.anyio

MANY = 250
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: lane=7\r\n\r\nok"


@define
class Counting:
    """A server that counts its connections, and answers once so many are open at the same time."""

    answers_from: int = 1
    url: str = ""
    opened: int = 0
    open_now: int = 0
    most: int = 0
    cookies: list[str] = Factory(list)
    answering: asyncio.Event = Factory(asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.open_now += 1
        self.most = max(self.most, self.open_now)
        if self.open_now >= self.answers_from:
            self.answering.set()
        try:
            while head := await _head(reader):
                self.cookies += [line for line in head.split("\r\n") if line.lower().startswith("cookie:")]
                await self.answering.wait()
                writer.write(ANSWER)
                await writer.drain()
        finally:
            self.open_now -= 1
            writer.close()


async def _head(reader: asyncio.StreamReader) -> str:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return ""


@contextmanager
def counting_server(answers_from: int = 1) -> Iterator[Counting]:
    started, stop = threading.Event(), threading.Event()
    servers: list[Counting] = []

    async def run() -> None:
        counting = Counting(answers_from)
        server = await asyncio.start_server(counting.serve, "127.0.0.1", 0, backlog=2 * MANY)
        counting.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        servers.append(counting)
        started.set()
        await asyncio.to_thread(stop.wait)
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert started.wait(30)
    try:
        yield servers[0]
    finally:
        stop.set()
        thread.join(30)


def transport_to(server: Counting) -> AsyncTransport:
    config = Config(server.url, "k", None, 1, 30.0, None, False, True, RetryConfig())
    return AsyncTransport(config, server.url)


async def ask(transport: AsyncTransport, times: int) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(times):
            tasks.start_soon(transport.send, transport.build("GET", "anything"))


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_many_calls_at_once_have_as_many_connections_as_there_may_be() -> None:
    with counting_server(answers_from=_http.MAX_CONNECTIONS) as server:
        transport = transport_to(server)
        await ask(transport, MANY)
        await transport.aclose()
        assert server.most == server.opened == _http.MAX_CONNECTIONS


async def test_calls_one_after_another_share_one_connection_and_its_cookies() -> None:
    with counting_server() as server:
        transport = transport_to(server)
        for _ in range(5):
            await ask(transport, 1)
        await transport.aclose()
        assert server.opened == 1
        assert server.cookies == ["Cookie: lane=7"] * 4


async def test_what_one_connection_is_told_to_remember_all_send() -> None:
    with counting_server(answers_from=3) as server:
        transport = transport_to(server)
        await ask(transport, 3)
        await ask(transport, 3)
        await transport.aclose()
        assert server.opened == 3
        assert server.cookies == ["Cookie: lane=7"] * 3


async def test_connections_of_a_burst_are_closed_when_they_are_no_longer_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with counting_server(answers_from=10) as server:
        transport = transport_to(server)
        await ask(transport, 10)
        monkeypatch.setattr(_http, "KEEP_SECONDS", 0.0)
        for _ in range(12):
            await ask(transport, 1)
        with anyio.fail_after(30):
            while server.open_now > 2:
                await anyio.lowlevel.checkpoint()
        await transport.aclose()
        assert server.most == 10


async def test_a_cancelled_call_gives_its_place_back() -> None:
    with counting_server(answers_from=_http.MAX_CONNECTIONS + 1) as server:
        transport = transport_to(server)
        with anyio.move_on_after(30) as scope:
            async with anyio.create_task_group() as tasks:
                for _ in range(_http.MAX_CONNECTIONS):
                    tasks.start_soon(transport.send, transport.build("GET", "anything"))
                while server.open_now < _http.MAX_CONNECTIONS:
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()
        assert not scope.cancelled_caught
        server.answers_from = 1
        with anyio.fail_after(30):
            await ask(transport, MANY)
        await transport.aclose()


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_connection_whose_call_was_cancelled_is_used_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    # The HTTP library's pool may take the call for one that is still under way, and let nobody else in.
    opened: list[httpx.AsyncClient] = []
    open_beside = _http.open_beside

    def open_and_note(*arguments: Any) -> httpx.AsyncClient:
        opened.append(open_beside(*arguments))
        return opened[-1]

    monkeypatch.setattr(_http, "open_beside", open_and_note)
    with counting_server(answers_from=5) as server:
        transport = transport_to(server)
        with anyio.fail_after(30):
            async with anyio.create_task_group() as tasks:
                for _ in range(4):
                    tasks.start_soon(transport.send, transport.build("GET", "anything"))
                while server.open_now < 4:
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()
        assert [connection.is_closed for connection in opened] == [True] * 3
        server.answers_from = 1
        with anyio.fail_after(30):
            await ask(transport, 4)
        await transport.aclose()
