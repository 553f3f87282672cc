"""Sending, sleeping and fanning out: the three verbs of a coroutine that can also run without an event loop.

An operation is written once, as a coroutine. Driven by an event loop it sends through an asynchronous HTTP
client; driven by :func:`run_blocking` it sends through a blocking one, and never suspends, so that a single
step runs it to its end. No event loop is started, needed or touched for a blocking call.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import anyio
import anyio.lowlevel

from elluminate import _http
from elluminate._turns import Turns
from elluminate.exceptions import ClientClosedError

if TYPE_CHECKING:
    from elluminate._config import Config

T = TypeVar("T")
C = TypeVar("C", bound=_http.Blocking | _http.Async)

blocking_call: contextvars.ContextVar[Coroutine[Any, Any, Any] | None] = contextvars.ContextVar(
    "elluminate_blocking", default=None
)
"""What a blocking call drives; an interrupt may leave one here that does not run any more."""

_CLOSING_SECONDS = 1.0
"""How long a cancelled call may take to close its connection."""

_LOOK_SECONDS = 0.002
"""How often a task looks whether its thread is done."""


def run_blocking(awaitable: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine of this package to its end in the calling thread."""
    step: Coroutine[Any, Any, T] = awaitable
    if not isinstance(awaitable, CoroutineType):  # an asynchronous generator's
        step = _as_coroutine(awaitable)
    token = blocking_call.set(step)
    try:
        step.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        blocking_call.reset(token)
    step.close()
    raise RuntimeError("a blocking call was suspended; it awaited something that is not the transport's")


async def in_thread(work: Callable[[], T]) -> T:
    """Run something slow and blocking in a thread of its own, under asyncio and trio.

    Not by anyio's worker threads: they live until the loop tells them of its main task's end, which a loop that
    nest_asyncio has patched never does, so that the process would not exit.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="elluminate")
    done = pool.submit(contextvars.copy_context().run, work)
    pool.shutdown(wait=False)
    while not done.done():  # noqa: ASYNC110  # the thread knows no loop that it could tell
        await anyio.sleep(_LOOK_SECONDS)
    return done.result()


class Transport(Protocol):
    """What a coroutine may do beside computing."""

    async def send(self, request: _http.Request) -> _http.Response:
        """Send one request as it is."""
        ...

    def build(self, method: str, url: str, **content: Any) -> _http.Request:
        """Prepare a request: `url` is relative to the API, or absolute."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    async def gather(self, calls: Sequence[Callable[[], Awaitable[T]]], limit: int) -> list[T]:
        """Run calls at the same time, at most `limit` of them; results in order, the first error raised."""
        ...

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run something slow and blocking without holding up others."""
        ...

    async def alone(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do something that one task or thread of this client does at a time."""
        ...

    def shielded(self) -> AbstractContextManager[object]:
        """A context manager in which a cancellation that has come is not raised again."""
        ...


class BlockingTransport:
    """The verbs with blocking HTTP clients, `time.sleep` and threads."""

    def __init__(self, config: Config, base_url: str) -> None:
        self._config, self._base_url = config, base_url
        self._opened: _Opened | None = None
        self._lock = threading.RLock()

    def _here(self) -> _Opened:
        opened = self._opened
        if opened is None:
            with self._lock:
                opened = self._opened = self._opened or _Opened(self._config, self._base_url)
        return opened

    def build(self, method: str, url: str, **content: Any) -> _http.Request:
        return self._here().first.build_request(method, _http.absolute(self._base_url, url), **content)

    async def send(self, request: _http.Request) -> _http.Response:
        opened = self._here()
        try:
            return opened.send(request)
        except _http.Failure:
            raise
        except BaseException:
            if self._opened is opened:
                self._opened = None  # the next call opens anew
            opened.leave()
            raise

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251  # nobody else runs on a blocking call's thread

    async def gather(self, calls: Sequence[Callable[[], Awaitable[T]]], limit: int) -> list[T]:
        if len(calls) == 1:
            return [await calls[0]()]
        pool = ThreadPoolExecutor(min(limit, len(calls)), thread_name_prefix="elluminate")
        try:
            # Each thread gets the caller's context, in which the coroutine runs to its end.
            futures = [pool.submit(contextvars.copy_context().run, _run_call, call) for call in calls]
            return [future.result() for future in futures]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    async def in_thread(self, work: Callable[[], T]) -> T:
        return work()

    async def alone(self, work: Callable[[], Awaitable[T]]) -> T:
        with self._lock:
            return await work()

    def shielded(self) -> AbstractContextManager[object]:
        return nullcontext()

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()


class _Opened:
    """What blocking calls have opened: a connection for each call at a time, the ones used last first.

    Each connection is a pool of the HTTP library by itself. An interrupt (Ctrl-C) in the wrong moment leaves a lock of
    such a pool taken, or a lock of the cookies that all have in common: whoever asked next would wait for hours. So
    after one, all are left: the one that it came by to the garbage collector, as closing it could wait, too; those of
    other threads when their calls are over. Of our own locks none stays taken: they are the interpreter's, and held by
    `with` in the function that needs them.
    """

    def __init__(self, config: Config, base_url: str) -> None:
        self._config, self._base_url = config, base_url
        self._surroundings = _http.surroundings_of(config, base_url)
        self.first = _http.open_blocking(config, base_url, self._surroundings)
        self._idle: list[_Connection[_http.OwnBlocking]] = []
        # By its thread, which makes one call at a time: what an interrupt leaves here counts once, until the next call.
        self._in_use: dict[int, _Connection[_http.OwnBlocking]] = {}
        self._entrance = threading.Lock()
        self._is_left = False
        if not isinstance(self.first, _http.LentBlocking):
            self._idle.append(_Connection(self.first))

    def send(self, request: _http.Request) -> _http.Response:
        if isinstance(self.first, _http.LentBlocking):
            return self.first.send(request)  # the caller's own, with a pool of its own
        me = threading.get_ident()
        self._close_one_unused()
        with self._entrance:  # one of those that wait looks for all of them
            while len(self._in_use) >= _http.MAX_CONNECTIONS and me not in self._in_use:
                time.sleep(_LOOK_SECONDS)
            connection = self._in_use[me] = self._unused() or self._another(self.first)
        try:
            response = connection.client.send(request)
        except _http.Failure:
            self._give_back(me, connection)
            raise
        self._give_back(me, connection)
        return response

    def leave(self) -> None:
        """Close what is not in use, and the rest when it is given back; forget the calling thread's connection."""
        self._is_left = True
        self._in_use.pop(threading.get_ident(), None)
        self._close_idle()

    def close(self) -> None:
        """Close all connections, those of calls under way in other threads included."""
        self.leave()
        for connection in list(self._in_use.values()):
            connection.client.close()

    def _unused(self) -> _Connection[_http.OwnBlocking] | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _another(self, first: _http.OwnBlocking) -> _Connection[_http.OwnBlocking]:
        return _Connection(_http.open_beside(first, self._config, self._base_url, self._surroundings))

    def _give_back(self, me: int, connection: _Connection[_http.OwnBlocking]) -> None:
        connection.idle_since = time.monotonic()
        self._in_use.pop(me, None)
        self._idle.append(connection)
        if self._is_left:
            self._close_idle()

    def _close_one_unused(self) -> None:
        # The first in the list have been idle for longest. Who takes one out of the list has it alone.
        with suppress(IndexError):
            if time.monotonic() - self._idle[0].idle_since > _http.KEEP_SECONDS:
                self._idle.pop(0).client.close()

    def _close_idle(self) -> None:
        while (connection := self._unused()) is not None:
            connection.client.close()


class _LoopState:
    """What one event loop holds for one client.

    The HTTP library's pool looks through all its connections and all that wait for one whenever a request begins
    or ends: with a thousand calls at once, that took most of their time. So each connection is a pool of its own,
    and the ones used last are used first.
    """

    def __init__(self, config: Config, base_url: str) -> None:
        self._config, self._base_url = config, base_url
        self._surroundings = _http.surroundings_of(config, base_url)
        self.client = _http.open_async(config, base_url, self._surroundings)
        self.lock = anyio.Lock()
        self._turns = Turns(_http.ENOUGH_CONNECTIONS, _http.MAX_CONNECTIONS, _http.PATIENCE_SECONDS)
        self._idle: list[_Connection[_http.Async]] = [_Connection(self.client)]
        self._all = {self._idle[0]}
        self.opened = self._open_until_closed()
        # Begun here, the generator is known to the running loop, which closes it in the end, so that a client
        # which nobody closes leaves no connection behind: asyncio.run and trio.run both see to that.
        with suppress(StopIteration):
            self.opened.asend(None).send(None)

    async def send(self, request: _http.Request) -> _http.Response:
        async with self._turns:
            if isinstance(self.client, _http.LentAsync):
                return await self.client.send(request)  # the caller's own, with a pool of its own
            await self._close_one_unused()
            connection = self._idle.pop() if self._idle else self._another(self.client)
            try:
                response = await connection.client.send(request)
            except Exception:
                self._give_back(connection)
                raise
            except BaseException as interruption:
                # A call that is cancelled in the wrong moment leaves the HTTP library's pool without a place for the
                # next one, which would then wait for hours.
                if not isinstance(interruption, GeneratorExit):
                    await self._drop(connection)
                raise
            self._give_back(connection)
            return response

    def _give_back(self, connection: _Connection[_http.Async]) -> None:
        connection.idle_since = time.monotonic()
        self._idle.append(connection)

    async def _drop(self, connection: _Connection[_http.Async]) -> None:
        if connection.client is self.client:
            return  # it still builds the requests, and is closed with the others
        self._all.discard(connection)
        with anyio.move_on_after(_CLOSING_SECONDS, shield=True):
            await connection.client.aclose()

    def _another(self, first: _http.OwnAsync) -> _Connection[_http.Async]:
        connection: _Connection[_http.Async] = _Connection(
            _http.open_beside(first, self._config, self._base_url, self._surroundings)
        )
        self._all.add(connection)
        return connection

    async def _close_one_unused(self) -> None:
        # The first in the list have been idle for longest; the very first client builds all requests and stays.
        for connection in self._idle[:2]:
            unused_for = time.monotonic() - connection.idle_since
            if connection.client is not self.client and unused_for > _http.KEEP_SECONDS:
                self._idle.remove(connection)
                await connection.client.aclose()
                self._all.discard(connection)
                return

    async def _open_until_closed(self) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            for connection in list(self._all):  # a call under way may open one meanwhile
                await connection.client.aclose()


class _Connection(Generic[C]):
    """One connection: a client of the HTTP library that opens no second one."""

    def __init__(self, client: C) -> None:
        self.client = client
        self.idle_since = time.monotonic()


class AsyncTransport:
    """The verbs with one asynchronous HTTP client per running event loop (asyncio or trio).

    So a client made at import time works in one `asyncio.run` after another; what a loop has opened goes with it.
    """

    def __init__(self, config: Config, base_url: str) -> None:
        self._config, self._base_url = config, base_url
        self._loops: dict[Any, _LoopState] = {}

    def _here(self) -> _LoopState:
        loop = _running_loop()
        state = self._loops.get(loop)
        if state is None:
            for ended in [known for known, old in list(self._loops.items()) if old.client.is_closed]:
                self._loops.pop(ended, None)
            state = self._loops[loop] = _LoopState(self._config, self._base_url)
        return state

    def build(self, method: str, url: str, **content: Any) -> _http.Request:
        return self._here().client.build_request(method, _http.absolute(self._base_url, url), **content)

    async def send(self, request: _http.Request) -> _http.Response:
        return await self._here().send(request)

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)

    async def gather(self, calls: Sequence[Callable[[], Awaitable[T]]], limit: int) -> list[T]:
        if len(calls) == 1:
            return [await calls[0]()]
        results: dict[int, T] = {}
        limiter = anyio.CapacityLimiter(limit)
        error: BaseException | None = None

        async def one(index: int, call: Callable[[], Awaitable[T]]) -> None:
            async with limiter:
                results[index] = await call()

        try:
            async with anyio.create_task_group() as tasks:
                for index, call in enumerate(calls):
                    tasks.start_soon(one, index, call)
        except BaseExceptionGroup as group:
            error = first_of(group)
        if error is not None:
            raise error
        return [results[index] for index in range(len(calls))]

    async def in_thread(self, work: Callable[[], T]) -> T:
        return await in_thread(work)

    async def alone(self, work: Callable[[], Awaitable[T]]) -> T:
        async with self._here().lock:
            return await work()

    def shielded(self) -> AbstractContextManager[object]:
        return anyio.CancelScope(shield=True)

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        state = self._loops.pop(_running_loop(), None)
        if state is not None:
            await state.opened.aclose()


def _running_loop() -> Any:
    token = anyio.lowlevel.current_token()
    return getattr(token, "native_token", token)


class Transports:
    """Both transports of one client, opened when first used; the one in use depends on who drives."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._base_url: str | None = None
        self._pair: tuple[BlockingTransport, AsyncTransport] | None = None
        self._lock = threading.Lock()
        self.closed = False

    def connect(self, base_url: str) -> None:
        """Say where the API is: an absolute URL, known once a `local:` server runs."""
        with self._lock:
            if self._pair is None or self._base_url != base_url:
                self._base_url = base_url
                self._pair = BlockingTransport(self._config, base_url), AsyncTransport(self._config, base_url)

    @property
    def base_url(self) -> str | None:
        """Where requests go, None before :meth:`connect`."""
        return self._base_url

    def check_open(self) -> None:
        """Refuse to go on after the end.

        Raises:
            ClientClosedError: The client was closed.
        """
        if self.closed:
            raise ClientClosedError("this client was closed; make a new one (or close it later)")

    def current(self) -> Transport:
        """The transport of whoever drives the running coroutine.

        Raises:
            ClientClosedError: The client was closed.
        """
        self.check_open()
        if self._pair is None:
            raise RuntimeError("connect() comes first")
        return self._pair[0] if is_blocking() else self._pair[1]

    async def aclose(self) -> None:
        """Close what the running event loop and the blocking calls have opened."""
        self.closed = True
        if self._pair is None:
            return
        blocking, asynchronous = self._pair
        blocking.close()
        if not is_blocking():
            await asynchronous.aclose()


def is_blocking() -> bool:
    """Whether the running coroutine is driven by a blocking call."""
    step = blocking_call.get()
    return isinstance(step, CoroutineType) and step.cr_running


def _run_call(call: Callable[[], Awaitable[T]]) -> T:
    return run_blocking(_as_coroutine(call()))


async def _as_coroutine(awaitable: Awaitable[T]) -> T:
    return await awaitable


def first_of(group: BaseException) -> BaseException:
    """The first error of a group, however deep; any other error as it is."""
    first = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
