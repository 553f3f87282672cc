"""One application behind one listening socket: uvicorn, without its hold on signals, logs and exceptions."""

import asyncio
import contextlib
import errno
import ipaddress
import logging
import math
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterator

import uvicorn
from starlette.applications import Starlette

from elluminate_server.connections import BoundedConnection, Bounds, connection_class
from elluminate_server.settings import Settings

__all__ = [
    "GRACE_SECONDS",
    "AddressInUseError",
    "Serving",
    "ServingError",
    "address_of",
    "bind",
    "is_loopback",
]

GRACE_SECONDS = 5
"""How long requests in flight may go on after the server was told to stop."""

REFUSAL_SECONDS = 5
"""How long it may then take to refuse them."""

KEEP_SECONDS = 5
"""How long a connection is kept between two requests."""

_TICKS_PER_CHECK = 5

_PAUSE_SECONDS = 0.5
"""After a connection that could not be accepted, for want of descriptors most often."""

_OTHER_DESCRIPTORS = 128
"""For databases, models and the listening socket itself."""

_MOST_ON_WINDOWS = 400
"""The event loop there watches 512 sockets at most."""

_SAID_SECONDS = 60.0

_logger = logging.getLogger("elluminate_server.listening")


class ServingError(RuntimeError):
    """The server could not be started; the message says why and what to do."""


class AddressInUseError(ServingError):
    """Another program listens on the address."""


def bind(host: str, port: int, *, option: str = "--port") -> socket.socket:
    """A listening socket, so that the port is known, and ours, before anything else starts.

    Args:
        host: Name or IP address to listen on.
        port: 1 to 65535, or 0 for any free port.
        option: What chooses the port, for messages.

    Raises:
        AddressInUseError: Something listens there already.
        ServingError: The address cannot be listened on.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ServingError(
            f"Cannot listen on host {host!r}: {error.strerror or error}. Try 127.0.0.1."
        ) from error
    listener = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":
            # On Windows this option would let two programs listen on one port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        if _in_use(error):
            raise AddressInUseError(
                f"Port {port} on {host} is in use by another program. "
                f"Choose another one with {option}, or {option} 0 for any free port."
            ) from error
        raise ServingError(f"Cannot listen on {host}, port {port}: {error.strerror or error}.") from error
    return listener


def address_of(listener: socket.socket) -> str:
    """The base URL, for example `http://127.0.0.1:8000`."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether a host is an address that only programs on this machine reach, or the name of one."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Serving(uvicorn.Server):
    """One application behind one listening socket.

    Signals are left to whoever owns the process, start-up failures are raised as they are instead of being logged,
    and connections are accepted one by one, as many as there may be: all three differ from uvicorn's own behaviour.
    """

    def __init__(self, app: Starlette, listener: socket.socket, *, log_level: str | None = None) -> None:
        settings: Settings = app.state.settings
        self._connection_class = connection_class()
        config = uvicorn.Config(
            app,
            http=self._connection_class,
            ws="none",  # a connection that changes its protocol leaves its bounds behind
            h11_max_incomplete_event_size=settings.max_head_bytes,
            lifespan="off",  # run here, so that its exceptions reach the caller
            log_config=None,
            log_level=log_level,
            timeout_keep_alive=min(KEEP_SECONDS, math.ceil(settings.head_time_limit)),
            timeout_graceful_shutdown=GRACE_SECONDS + REFUSAL_SECONDS,
            server_header=False,
        )
        super().__init__(config)
        self._app = app
        self._listener = listener
        self._bounds = Bounds.of(settings)
        self._max_connections = _connections_within(settings.max_connections)
        self._room = asyncio.Event()
        self._accepting: asyncio.Task[None] | None = None
        self._said_at: dict[str, float] = {}
        self._ready: Callable[[], Awaitable[None]] | None = None
        self._grace: float = GRACE_SECONDS

    @property
    def address(self) -> str:
        """The base URL, for example `http://127.0.0.1:8000`."""
        return address_of(self._listener)

    async def until_stopped(self, ready: Callable[[], Awaitable[None]]) -> None:
        """Start, call `ready` when requests are answered, and go on until `stop`.

        Raises:
            Exception: Whatever made the application's start-up fail, as it is.
        """
        try:
            async with self._app.router.lifespan_context(self._app):
                self._ready = ready
                await self.serve(sockets=[self._listener])
        finally:
            self._listener.close()

    def stop(self, *, grace: float = GRACE_SECONDS) -> None:
        """Stop accepting, let requests in flight end, close the application. From any thread.

        Args:
            grace: Seconds after which requests in flight are refused, 0 to 5.
        """
        self._grace = grace
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start answering, then tell whoever waits for it."""
        self.servers = []
        self._accepting = asyncio.create_task(self._accept(), name="elluminate-accept")
        self.started = True
        if self._ready is not None:
            await self._ready()

    async def on_tick(self, counter: int) -> bool:
        """End the connections whose clients are overdue; uvicorn calls this ten times a second."""
        if counter % _TICKS_PER_CHECK == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, BoundedConnection):
                    connection.check(now)
        return await super().on_tick(counter)

    async def _accept(self) -> None:
        """Take connections while there is room for them; others wait in the listening socket's queue.

        asyncio's own way has no bound, and writes two thousand tracebacks a second when descriptors have run out.
        """
        loop, connections = asyncio.get_running_loop(), self.server_state.connections
        while True:
            while len(connections) >= self._max_connections:
                self._say("All %d connections are in use; others wait.", self._max_connections)
                self._room.clear()
                await self._room.wait()
            try:
                accepted, _ = await loop.sock_accept(self._listener)
            except OSError as error:
                if error.errno != errno.ECONNABORTED:  # which says nothing about the next one
                    self._say("No connection can be accepted for the moment: %s.", error.strerror)
                    await asyncio.sleep(_PAUSE_SECONDS)
                continue
            try:
                await loop.connect_accepted_socket(self._connection, accepted)
            except OSError as error:
                accepted.close()
                _logger.debug("A connection ended as it began: %s", error)

    def _connection(self) -> asyncio.Protocol:
        return self._connection_class(
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            bounds=self._bounds,
            on_lost=self._room.set,
            access_log=self.config.log_level
            is not None,  # else the process-wide logger is the host program's
        )

    def _say(self, message: str, *values: object) -> None:
        """Log a warning, once a minute at most."""
        now = time.monotonic()
        if now - self._said_at.get(message, -_SAID_SECONDS) >= _SAID_SECONDS:
            self._said_at[message] = now
            _logger.warning(message, *values)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End open event streams first: nothing else would end them before their runs do.

        A request that waits for a model may wait for minutes. It is cancelled after the grace, or at once when
        Ctrl-C is pressed again, and the application refuses it.
        """
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.wait([self._accepting])
        self._app.state.executor.release_waiters()
        patience = asyncio.get_running_loop().call_later(self._grace, self._cancel_requests)
        try:
            await super().shutdown(sockets=sockets)
        finally:
            patience.cancel()
            cancelled = self._cancel_requests()
            if cancelled:
                await asyncio.wait(cancelled, timeout=REFUSAL_SECONDS)

    def _cancel_requests(self) -> list[asyncio.Task[None]]:
        self._app.state.is_ending = True
        requests = list(self._app.state.in_hand)
        for request in requests:
            request.cancel()
        return requests

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signals: uvicorn would raise them again after a clean end, and so kill the process."""
        yield


def _connections_within(wanted: int) -> int:
    """As many as wanted, and as this process may have descriptors for."""
    if sys.platform == "win32":
        return min(wanted, _MOST_ON_WINDOWS)
    import resource  # not on Windows

    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, max(most - _OTHER_DESCRIPTORS, most // 2))


def _in_use(error: OSError) -> bool:
    # Windows says "access denied" when another program has the port for itself.
    return error.errno in {errno.EADDRINUSE, errno.EACCES if sys.platform == "win32" else errno.EADDRINUSE}
