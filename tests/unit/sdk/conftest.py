"""Fixtures of the SDK's unit tests: the scripted wire, and the two worlds that every operation lives in."""

from __future__ import annotations

import inspect
import ssl
from collections.abc import Iterator
from functools import cache
from typing import Any

import anyio
import pytest
from attrs import define, field
from pytest_httpx import HTTPXMock

from elluminate import AsyncClient, Client
from elluminate._transport import AsyncTransport, BlockingTransport
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
class World:
    """Calls operations the way their users do: blocking, or in an event loop of asyncio or trio."""

    name: str
    clients: list[Client | AsyncClient] = field(factory=list)

    def client(self, **settings: Any) -> Client | AsyncClient:
        """A client of this world for the wire."""
        kind = Client if self.name == "blocking" else AsyncClient
        arguments: dict[str, Any] = {"base_url": BASE_URL, "api_key": API_KEY, **settings}
        client = kind(**arguments)
        self.clients.append(client)
        return client

    def call(self, owner: Any, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call a method of a client or a model, under its name in this world; iterators give their list."""
        if self.name == "blocking":
            result = getattr(owner, name)(*args, **kwargs)
            return list(result) if inspect.isgenerator(result) else result
        method = getattr(owner, name if isinstance(owner, AsyncClient) else f"a{name}")

        async def run() -> Any:
            result = method(*args, **kwargs)
            return [event async for event in result] if inspect.isasyncgen(result) else await result

        return anyio.run(run, backend=self.name)

    def close(self) -> None:
        """Close what was opened."""
        for client in self.clients:
            self.call(client, "close")


@pytest.fixture(params=["blocking", "asyncio"])
def world(request: pytest.FixtureRequest, wire: Wire, waits: list[float]) -> Iterator[World]:
    """Both worlds, one after the other."""
    world = World(request.param)
    yield world
    world.close()
