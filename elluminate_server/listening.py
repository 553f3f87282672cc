"""One application behind one listening socket: uvicorn, without its hold on signals, logs and exceptions."""

import asyncio
import contextlib
import errno
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["GRACE_SECONDS", "AddressInUseError", "Serving", "ServingError", "bind"]

GRACE_SECONDS = 5
"""How long requests in flight may go on after the server was told to stop."""

REFUSAL_SECONDS = 5
"""How long it may then take to refuse them."""


class ServingError(RuntimeError):
    """The server could not be started; the message says why and what to do."""


class AddressInUseError(ServingError):
    """Another program listens on the address."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket, so that the port is known, and ours, before anything else starts.

    Args:
        host: Name or IP address to listen on.
        port: 1 to 65535, or 0 for any free port.

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
                "Choose another one with --port, or --port 0 for any free port."
            ) from error
        raise ServingError(f"Cannot listen on {host}, port {port}: {error.strerror or error}.") from error
    return listener


class _Connection(HttpToolsProtocol):
    """One connection, which answers what is no HTTP request in the contract's way: JSON with a `detail`."""

    def send_400_response(self, msg: str) -> None:
        """Answer and close.

        Args:
            msg: What uvicorn would say, as text.
        """
        body = msgspec.json.encode({"detail": f"{msg} {_UNREADABLE}"})
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(body), body)
        )
        self.transport.close()


_UNREADABLE = "Its first line or its headers are malformed, or longer than 65,535 bytes: shorten the address."


class Serving(uvicorn.Server):
    """One application behind one listening socket.

    Signals are left to whoever owns the process, and start-up failures are raised as they are instead of
    being logged: both differ from uvicorn's own behaviour.
    """

    def __init__(self, app: Starlette, listener: socket.socket, *, log_level: str | None = None) -> None:
        config = uvicorn.Config(
            app,
            http=_Connection,
            lifespan="off",  # run here, so that its exceptions reach the caller
            log_config=None,
            log_level=log_level,
            timeout_graceful_shutdown=GRACE_SECONDS + REFUSAL_SECONDS,
            server_header=False,
        )
        super().__init__(config)
        self._app = app
        self._listener = listener
        self._ready: Callable[[], Awaitable[None]] | None = None
        self._grace: float = GRACE_SECONDS

    @property
    def address(self) -> str:
        """The base URL, for example `http://127.0.0.1:8000`."""
        host, port = self._listener.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

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
        self._without_access_log()
        await super().startup(sockets=sockets)
        if self._ready is not None:
            await self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End open event streams first: nothing else would end them before their runs do.

        A request that waits for a model may wait for minutes. It is cancelled after the grace, or at once when
        Ctrl-C is pressed again, and the application refuses it.
        """
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

    def _without_access_log(self) -> None:
        # The documented switch empties the process-wide logger, which belongs to the host program.
        class WithoutAccessLog(self.config.http_protocol_class):  # type: ignore[name-defined,misc]
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                self.access_log = False

        if self.config.log_level is None:
            self.config.http_protocol_class = WithoutAccessLog


def _in_use(error: OSError) -> bool:
    # Windows says "access denied" when another program has the port for itself.
    return error.errno in {errno.EADDRINUSE, errno.EACCES if sys.platform == "win32" else errno.EADDRINUSE}
