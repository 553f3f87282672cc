"""A server of bytes: for what no HTTP server says, such as half an answer, a reset, or nothing at all.

Example:

    with RawServer(says(b"HTTP/1.1 200 OK\\r\\nContent-Length: 9\\r\\n\\r\\nhalf")) as server:
        ...  # talk to server.base_url
        assert server.requests[0].startswith(b"POST ")
"""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeAlias

__all__ = ["Act", "RawServer", "answers", "resets", "says", "stalls"]

_BOUND = 30.0
"""Seconds that a connection may last."""

Act: TypeAlias = Callable[[socket.socket], bool]
"""What is done with a connection once a request arrived on it, and whether it is kept for the next one."""


def answers(body: bytes, *, status: str = "200 OK", **headers: str) -> Act:
    """Sends a whole answer, and keeps the connection; underscores in names of headers are dashes."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    whole = "\r\n".join([*lines, "", ""]).encode() + body

    def act(connection: socket.socket) -> bool:
        connection.sendall(whole)
        return True

    return act


def says(*pieces: bytes) -> Act:
    """Sends bytes, and closes the connection."""

    def act(connection: socket.socket) -> bool:
        for piece in pieces:
            connection.sendall(piece)
        return False

    return act


def resets(*pieces: bytes) -> Act:
    """Sends bytes, and ends the connection with a reset."""

    def act(connection: socket.socket) -> bool:
        # Without lingering, closing throws away what was not read, and says so.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return says(*pieces)(connection)

    return act


def stalls(*pieces: bytes) -> Act:
    """Sends bytes, and then nothing until the other side gives up."""

    def act(connection: socket.socket) -> bool:
        says(*pieces)(connection)
        connection.recv(1)
        return False

    return act


class RawServer:
    """The server, on an ephemeral port of 127.0.0.1, for as long as the `with` block lasts.

    Args:
        acts: What is done with one request after the other, the last one with all that follow.
        tls: Speaks TLS with these certificates.

    Attributes:
        requests: What arrived, whole requests with their heads.
        connections: How many connections were made.
        port: The port it listens on.
    """

    def __init__(self, *acts: Act, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.port = 0
        self._acts = list(acts)
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    @property
    def base_url(self) -> str:
        """The address to give as a base URL."""
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing alone does not wake who accepts.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_BOUND)
            assert not thread.is_alive(), f"a connection did not end within {_BOUND} s"

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            self._start(lambda connection=connection: self._serve(connection))  # type: ignore[misc]

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(_BOUND)
        # A client that goes away, or does not trust the certificate, is what is tested.
        with contextlib.suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            while request := _read_request(connection):
                with self._lock:
                    self.requests.append(request)
                    act = self._acts.pop(0) if len(self._acts) > 1 else self._acts[0]
                if not act(connection):
                    break
        with self._lock:
            self._open.discard(connection)
            connection.close()


def _read_request(connection: socket.socket) -> bytes:
    """The next request with its body; nothing when the other side is done."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return b""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            return b""
        body += piece
    return head + b"\r\n\r\n" + body
