"""Fixtures of the SDK's unit tests: the scripted wire, and the two worlds that every operation lives in."""

from __future__ import annotations

import ssl
from collections.abc import Coroutine, Iterator
from functools import cache
from typing import Any

import anyio
import pytest
from attrs import define, field
from pytest_httpx import HTTPXMock

from elluminate import AsyncClient, Client
from elluminate._transport import AsyncTransport, BlockingTransport
from tests.support.worlds import World, run_at_once
from tests.unit.sdk.wire import API_KEY, BASE_URL, Wire

CREDENTIALS = ("ELLUMINATE_API_KEY", "ELLUMINATE_OAUTH_TOKEN", "ELLUMINATE_BASE_URL")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@cache
def _one_ssl_context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture(autouse=True)
def _plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test, and no test loads the certificates it does not need."""
    for name in (*CREDENTIALS, *PROXIES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(ssl, "create_default_context", lambda *args, **kwargs: _one_ssl_context())


@pytest.fixture
def wire(httpx_mock: HTTPXMock) -> Iterator[Wire]:
    """Everything that is sent ends here; what was scripted must have been asked for."""
    wire = Wire()

    httpx_mock.add_callback(wire.take, is_reusable=True, is_optional=True)
    yield wire
    assert wire.left == 0, f"{wire.left} scripted answers were never asked for"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the transports were asked to sleep; nothing sleeps."""
    recorded: list[float] = []

    async def sleep(self: object, seconds: float) -> None:
        recorded.append(seconds)

    monkeypatch.setattr(BlockingTransport, "sleep", sleep)
    monkeypatch.setattr(AsyncTransport, "sleep", sleep)
    return recorded


@define
class WiredWorld(World):
    """A world whose clients speak to the wire.

    Attributes:
        clients: Those that were made, to be closed.
    """

    clients: list[Client | AsyncClient] = field(factory=list)

    def client(self, **settings: Any) -> Client | AsyncClient:
        """A client of this world for the wire."""
        arguments: dict[str, Any] = {"base_url": BASE_URL, "api_key": API_KEY, **settings}
        client = self.kind(**arguments)
        self.clients.append(client)
        return client

    def close(self) -> None:
        """Close what was opened."""
        for client in self.clients:
            self.call(client, "close")


def wired_world(name: str) -> WiredWorld:
    """The blocking world, or one that has a new event loop of asyncio or trio for each call."""
    if name == "blocking":
        return WiredWorld(Client, run_at_once)

    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        async def main() -> Any:
            return await coroutine

        return anyio.run(main, backend=name)

    return WiredWorld(AsyncClient, run)


@pytest.fixture(params=["blocking", "asyncio"])
def world(request: pytest.FixtureRequest, wire: Wire, waits: list[float]) -> Iterator[WiredWorld]:
    """Both worlds, one after the other."""
    world = wired_world(request.param)
    yield world
    world.close()
