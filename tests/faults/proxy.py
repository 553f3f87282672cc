"""A proxy on loopback, of bytes, that has a schedule of faults befall the requests that go through it.

Example:

    with FaultyProxy(served.base_url, Schedule(7, 0.5, CLIENT_SIDE, 6)) as proxy:
        ...  # talk to proxy.base_url
        assert proxy.schedule.total > 100
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Self
from urllib.parse import urlsplit

from tests.faults.faults import STALLED, Fault, Schedule
from tests.faults.messages import Message, answer_of, page, read_answer, read_head, read_rest

__all__ = ["FaultyProxy"]

_BOUND = 60.0
"""Seconds that one exchange may take, and the proxy to stop."""
_CLOSED_SECONDS = 0.03
"""How long no connection is taken after one that was refused."""
_PIECES = 16
_PIECE_SECONDS = 0.002

_STATUSES = {
    Fault.BUSY: answer_of(429),
    Fault.GATEWAY: answer_of(502),
    Fault.GATEWAY_LOST: answer_of(502),
    Fault.AWAY: answer_of(503),
    Fault.TIME_OUT: answer_of(504),
    Fault.TIME_OUT_LOST: answer_of(504),
    Fault.BROKEN: answer_of(500),
    Fault.PAGE_502: page(502),
    Fault.PAGE_200: page(200),
}
_PASSED_ON = {Fault.RESET_ANSWERED, Fault.STALLED_AFTER, Fault.GATEWAY_LOST, Fault.TIME_OUT_LOST}
"""Faults that begin when the server has answered."""

Watcher = Callable[[int, Message], None]


class FaultyProxy:
    """The proxy, in a thread, for as long as the `with` block lasts.

    Args:
        upstream: The address of what is behind it.
        schedule: What goes wrong.
        retry_after: Seconds that a `Retry-After` says.
        delay: Longest delay of a request that is late, in seconds.
        before: Told each request's number, from 1, and the request, before anything becomes of it; in the proxy's
            thread.
        after: The same when the server has it; what is done there is done before its answer is read.

    Attributes:
        port: Where it listens.
        schedule: What goes wrong.
        requests: How many requests came.
        upstream: What is behind it; may be changed. While it is None, requests wait.
    """

    def __init__(
        self,
        upstream: str,
        schedule: Schedule,
        *,
        retry_after: float = 0.05,
        delay: float = 0.05,
        before: Watcher = lambda number, request: None,
        after: Watcher = lambda number, request: None,
    ) -> None:
        self.upstream: str | None = upstream
        self.schedule = schedule
        self.requests = 0
        self._delay = delay
        asked = {
            Fault.BUSY_AFTER: answer_of(429, str(retry_after)),
            Fault.AWAY_AFTER: answer_of(503, str(retry_after)),
        }
        self._statuses = {**_STATUSES, **asked}
        self._path = urlsplit(upstream).path
        self._before, self._after = before, after
        self._started = threading.Event()
        self._open: set[asyncio.Task[None]] = set()

    @property
    def base_url(self) -> str:
        """The address to give to a client."""
        return f"http://127.0.0.1:{self.port}{self._path}"

    def __enter__(self) -> Self:
        # Keeps the port while nobody listens there: two sockets may be bound to it as long as this one does not listen.
        self._reserved = self._bound(0)
        self.port: int = self._reserved.getsockname()[1]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert self._started.wait(_BOUND)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(_BOUND)
        self._reserved.close()
        assert not self._thread.is_alive(), f"the proxy did not stop within {_BOUND} s"

    def watch(self, *, before: Watcher, after: Watcher) -> None:
        """Have others told of the requests that come from now on."""
        self._before, self._after = before, after

    def refuse(self) -> None:
        """Take no more connections, and break off those that there are; from any thread."""
        done = threading.Event()

        def close() -> None:
            self._close()
            for task in self._open:
                task.cancel()
            done.set()

        self._loop.call_soon_threadsafe(close)
        assert done.wait(_BOUND)

    def take(self) -> None:
        """Take connections again; from any thread."""
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(_BOUND)

    # --- listening

    async def _run(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        self._server: asyncio.Server | None = None
        await self._listen()
        self._started.set()
        await self._stopped.wait()
        self._close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _bound(self, port: int) -> socket.socket:
        bound = socket.socket(proto=socket.IPPROTO_TCP)  # so that asyncio sends small parts at once
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        return bound

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(
                self._connected, sock=self._bound(self.port), limit=2**24, backlog=256
            )

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _closed_for_a_moment(self) -> None:
        if self._server is not None:
            self._close()
            await asyncio.sleep(_CLOSED_SECONDS)
            if not self._stopped.is_set():
                await self._listen()

    # --- passing on

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            # A client that goes away in the middle is what is tested.
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            self._open.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and what becomes of it; whether the connection is kept."""
        head = await read_head(reader)
        if head is None:
            return False
        self.requests += 1
        number = self.requests
        request = head if head.is_named else await read_rest(reader, head)
        self._before(number, request)
        drawn = self.schedule.draw(request.name)
        if request is head and drawn.fault is not Fault.RESET_UNREAD:
            request = await read_rest(reader, head)
        match drawn.fault:
            case Fault.REFUSED:
                _reset(writer)
                await self._closed_for_a_moment()
                return False
            case Fault.RESET_UNREAD:
                _reset(writer)
                return False
            case Fault.STALLED:
                await reader.read(1)
                return False
            case Fault.DELAYED:
                await asyncio.sleep(self._delay * drawn.share)
            case Fault.DROPPED:
                await self._pass_on(number, request, is_dropped=True)
                _reset(writer)
                return False
        if drawn.fault in self._statuses and drawn.fault not in _PASSED_ON:
            writer.write(self._statuses[drawn.fault])
            await writer.drain()
            return True
        answer = await self._pass_on(number, request)
        if answer is None:  # what is behind has gone away
            _reset(writer)
            return False
        return await self._give_back(reader, writer, answer, drawn.fault)

    async def _give_back(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answer: Message,
        fault: Fault | None,
    ) -> bool:
        whole = answer.bytes_with(b"")
        if fault is Fault.RESET_ANSWERED:
            _reset(writer)
            return False
        if fault in STALLED:
            await reader.read(1)
            return False
        if fault is Fault.CUT:
            head = len(whole) - len(answer.body)
            writer.write(whole[: head + len(answer.body) // 2 if answer.body else head // 2])
            await writer.drain()
            return False
        if fault is Fault.SLOW:
            size = max(1, -(-len(whole) // _PIECES))
            for start in range(0, len(whole), size):
                writer.write(whole[start : start + size])
                await writer.drain()
                await asyncio.sleep(_PIECE_SECONDS)
            return True
        writer.write(self._statuses.get(fault, whole) if fault else whole)
        await writer.drain()
        return True

    async def _pass_on(self, number: int, request: Message, *, is_dropped: bool = False) -> Message | None:
        """What the server answers; None when it was not asked, or was gone before its answer was whole."""
        while self.upstream is None:
            await asyncio.sleep(_PIECE_SECONDS)
        address = urlsplit(self.upstream)
        try:
            reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=2**26)
        except ConnectionError:
            return None
        try:
            writer.write(request.bytes_with(b"close"))
            await writer.drain()
            self._after(number, request)
            if is_dropped:
                _reset(writer)
                return None
            async with asyncio.timeout(_BOUND):
                return await read_answer(reader)
        except ConnectionError:
            return None
        finally:
            writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset instead of an end."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
