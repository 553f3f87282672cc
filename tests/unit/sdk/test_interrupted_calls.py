"""A blocking call that Ctrl-C ends, or a signal handler's exception, leaves nothing that others would wait for."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from elluminate import Client, _http, _transport
from tests.support.scripted_http import WAIT_SECONDS, Answered, Asked, ScriptedServer
from tests.unit.sdk.evals_server import PROJECT, evals_server

# What an interrupt came by is left to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

KEY = "k"


class Late(Exception):
    """What a signal handler of the caller's raises."""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with evals_server() as server:
        server.on("GET", f"{PROJECT}/collections", lambda _: Answered({"items": [], "count": 0}))
        yield server


def elsewhere(call: Callable[[], Any]) -> Any:
    """The result of a call in a thread that may be left to itself: a call that hangs fails the test."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(call()), daemon=True)
    thread.start()
    thread.join(WAIT_SECONDS)
    assert not thread.is_alive(), "the call hangs"
    return results[0]


def a_lock_of_the_pool(transport: Any, client: Client) -> Any:
    return transport._pool._optional_thread_lock._lock


def a_lock_of_the_cookies(transport: Any, client: Client) -> Any:
    pair = client.session._link.transports._pair
    assert pair is not None
    return pair[0]._here().first.cookies.jar._cookies_lock  # type: ignore[union-attr]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, Late])
@pytest.mark.parametrize("lock_of", [a_lock_of_the_pool, a_lock_of_the_cookies])
def test_the_next_call_and_closing_wait_for_nothing_that_an_interrupt_left(
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    interruption: type[BaseException],
    lock_of: Callable[[Any, Client], Any],
) -> None:
    client = Client(server.url, KEY)
    assert client.list_collections() == []
    handle = httpx.HTTPTransport.handle_request

    def interrupted(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)
        lock_of(self, client).acquire()
        raise interruption

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", interrupted)
    with pytest.raises(interruption):
        client.list_collections()

    assert elsewhere(client.list_collections) == []
    elsewhere(client.close)


def test_calls_of_other_threads_go_on_and_their_connections_are_closed_with_them(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answering = threading.Event(), threading.Event()

    def slowly(_: Asked) -> Answered:
        asked.set()
        assert answering.wait(WAIT_SECONDS)
        return Answered({"items": [], "count": 0})

    opened: list[httpx.Client] = []
    init = httpx.Client.__init__

    def note(self: httpx.Client, *args: Any, **kwargs: Any) -> None:
        opened.append(self)
        init(self, *args, **kwargs)

    monkeypatch.setattr(httpx.Client, "__init__", note)
    with Client(server.url, KEY) as client, ThreadPoolExecutor(1) as threads:
        server.on("GET", f"{PROJECT}/collections", slowly)
        other = threads.submit(client.list_collections)
        assert asked.wait(WAIT_SECONDS)
        send = httpx.Client.send

        def interrupted(self: httpx.Client, *args: Any, **kwargs: Any) -> httpx.Response:
            monkeypatch.setattr(httpx.Client, "send", send)
            raise KeyboardInterrupt

        monkeypatch.setattr(httpx.Client, "send", interrupted)
        with pytest.raises(KeyboardInterrupt):
            client.get_collection(id=20)
        answering.set()
        assert other.result(WAIT_SECONDS) == []
        assert opened[0].is_closed
        assert client.list_collections() == []
    assert [one.is_closed for one in opened] == [
        True,
        False,
        True,
    ]  # the second is what the interrupt came by


def test_more_threads_than_connections_take_turns(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_http, "MAX_CONNECTIONS", 3)
    start = threading.Barrier(12)

    def work(_: int) -> int:
        start.wait(WAIT_SECONDS)
        return sum(client.get_collection(id=20).id for _ in range(5))

    with Client(server.url, KEY) as client, ThreadPoolExecutor(12) as threads:
        assert list(threads.map(work, range(12))) == [100] * 12
    assert len(server.connections) <= 3


def test_connections_of_many_threads_are_closed_when_they_are_no_longer_used(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Barrier(5)

    def together(_: Asked) -> Answered:
        start.wait(WAIT_SECONDS)
        return Answered({"items": [], "count": 0})

    opened: list[httpx.Client] = []
    open_beside = _http.open_beside

    def note(*arguments: Any) -> Any:
        opened.append(open_beside(*arguments))
        return opened[-1]

    monkeypatch.setattr(_http, "open_beside", note)
    with Client(server.url, KEY) as client, ThreadPoolExecutor(5) as threads:
        server.on("GET", f"{PROJECT}/collections", together)
        list(threads.map(lambda _: client.list_collections(), range(5)))
        monkeypatch.setattr(_http, "KEEP_SECONDS", 0.0)
        for _ in range(5):
            client.get_collection(id=20)
        assert len(opened) >= 4
        assert sum(not one.is_closed for one in opened) <= 1


def test_a_call_that_is_interrupted_as_it_begins_leaves_the_thread_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Interrupting:
        """The context variable, with an interrupt right after it is set."""

        def __init__(self) -> None:
            self.variable = _transport.blocking_call

        def set(self, value: Any) -> None:
            self.variable.set(value)
            raise KeyboardInterrupt

        def get(self) -> Any:
            return self.variable.get()

    async def work() -> None:
        raise AssertionError("not begun")

    def interrupted() -> bool:
        step = work()
        monkeypatch.setattr(_transport, "blocking_call", Interrupting())
        with pytest.raises(KeyboardInterrupt):
            _transport.run_blocking(step)
        step.close()
        return _transport.is_blocking()

    assert not contextvars.copy_context().run(interrupted)
