"""A small HTTP server on a real socket whose answers are scripted: for event loops, threads and connections."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, TypeAlias
from urllib.parse import parse_qs, urlsplit

from attrs import define, field, frozen

WAIT_SECONDS = 20.0
"""No test waits longer than this for anything."""


@frozen
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    connection: tuple[str, int]


@frozen
class Answered:
    """What is sent back: `body` as JSON, or as it is when it is bytes. `drop` closes the connection instead."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(factory=dict)
    drop: bool = False


Script: TypeAlias = Answered | Callable[[Asked], Answered]


@define
class ScriptedServer:
    """Answers by method and path; a request that nothing was scripted for gets 418.

    Attributes:
        asked: Everything that arrived, in the order of arrival.
        most_at_once: The largest number of requests that were being answered at the same time.
    """

    asked: list[Asked] = field(factory=list)
    most_at_once: int = 0
    _scripts: dict[tuple[str, str], Script] = field(factory=dict)
    _at_once: int = 0
    _lock: threading.Lock = field(factory=threading.Lock)
    _server: ThreadingHTTPServer | None = None
    _thread: threading.Thread | None = None

    def on(self, method: str, path: str, script: Script) -> None:
        """What requests of this method and path get."""
        self._scripts[method, path] = script

    @property
    def url(self) -> str:
        """The server's origin."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def connections(self) -> set[tuple[str, int]]:
        """The clients' ends of the connections that requests came over."""
        return {asked.connection for asked in self.asked}

    def answer(self, asked: Asked) -> Answered:
        """Take down a request and find its answer."""
        with self._lock:
            self.asked.append(asked)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            script = self._scripts.get(
                (asked.method, asked.path), Answered({"detail": "not scripted"}, status=418)
            )
            return script(asked) if callable(script) else script
        finally:
            with self._lock:
                self._at_once -= 1

    def __enter__(self) -> Self:
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # One packet per answer, at once: a delayed acknowledgement would cost 40 ms each.
            disable_nagle_algorithm = True
            wbufsize = -1

            def _serve(self) -> None:
                parts = urlsplit(self.path)
                answered = scripted.answer(
                    Asked(
                        method=self.command,
                        path=parts.path,
                        query=parse_qs(parts.query, keep_blank_values=True),
                        headers={name.lower(): value for name, value in self.headers.items()},
                        body=self.rfile.read(int(self.headers.get("content-length", 0))),
                        connection=self.client_address,
                    )
                )
                if answered.drop:
                    self.close_connection = True
                    return
                raw = isinstance(answered.body, bytes)
                body = answered.body if raw else json.dumps(answered.body).encode()
                self.send_response(answered.status)
                for name, value in answered.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "text/html" if raw else "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: tests read `asked`."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False  # idle connections of clients that live on must not hold up the end
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that went away is nothing to report."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        assert self._thread is not None
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(WAIT_SECONDS)
