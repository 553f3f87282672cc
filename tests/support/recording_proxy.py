"""A reverse proxy on loopback that takes down what a client sends, whichever library it is made of."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from email import message_from_bytes
from typing import Any

import httpx
import uvicorn
from attrs import define, field, frozen
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

__all__ = ["Recorded", "RecordingProxy", "recording"]

_STOP_SECONDS = 10
_HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


@frozen
class Recorded:
    """One request, and how it was answered.

    Attributes:
        method: In capitals.
        path: Without the query.
        query: Names and values in their order.
        body: Decoded JSON; of a multipart body its parts, as dicts; None without a body; else text.
        headers: What was sent, names in small letters.
        status: What the server answered.
        answer: The answer's body, as text; nothing of event streams.
    """

    method: str
    path: str
    query: list[tuple[str, str]]
    body: Any
    headers: Mapping[str, str] = field(repr=False)
    status: int = 0
    answer: str = field(default="", repr=False)

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.query)
        return (
            f"{self.method} {self.path}{'?' if query else ''}{query} {json.dumps(self.body)} ({self.status})"
        )


@define
class RecordingProxy:
    """Where clients send to, and what they sent.

    Attributes:
        base_url: The address to give to a client.
        requests: What was sent, in the order in which it arrived.
    """

    base_url: str
    requests: list[Recorded] = field(factory=list)


@contextmanager
def recording(upstream: str) -> Iterator[RecordingProxy]:
    """A proxy in front of a server, in a thread, until the block ends."""
    listener = socket.socket(proto=socket.IPPROTO_TCP)  # so that asyncio sends small parts at once
    listener.bind(("127.0.0.1", 0))
    listener.listen(256)
    proxy = RecordingProxy(f"http://127.0.0.1:{listener.getsockname()[1]}")
    client: httpx.AsyncClient

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        nonlocal client
        async with httpx.AsyncClient(base_url=upstream, timeout=120, trust_env=False) as client:
            yield

    async def forward(request: Request) -> Response:
        content = await request.body()
        position = len(proxy.requests)
        recorded = {
            "method": request.method,
            "path": request.url.path,
            "query": list(request.query_params.multi_items()),
            "body": _decoded(request.headers.get("content-type", ""), content),
            "headers": dict(request.headers),
        }
        proxy.requests.append(Recorded(**recorded))
        outgoing = client.build_request(
            request.method,
            request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            headers=[(name, value) for name, value in request.headers.items() if name not in _HOP_BY_HOP],
            content=content,
        )
        answer = await client.send(outgoing, stream=True)
        headers = {name: value for name, value in answer.headers.items() if name not in _HOP_BY_HOP}
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            proxy.requests[position] = Recorded(**recorded, status=answer.status_code)
            return StreamingResponse(_passed_on(answer), answer.status_code, headers)
        body = await answer.aread()
        headers.pop("content-encoding", None)
        proxy.requests[position] = Recorded(**recorded, status=answer.status_code, answer=answer.text)
        return Response(body, answer.status_code, headers)

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", forward, methods=methods)], lifespan=lifespan)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.should_exit = True
        thread.join(_STOP_SECONDS)
        listener.close()
        assert not thread.is_alive(), f"the proxy did not stop within {_STOP_SECONDS} s"


async def _passed_on(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()


def _decoded(content_type: str, content: bytes) -> Any:
    if not content:
        return None
    if content_type.startswith("multipart/"):
        message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + content)
        return [
            {
                "name": part.get_param("name", header="content-disposition"),
                "filename": part.get_filename(),
                "type": part.get_content_type(),
                "content": bytes(part.get_payload(decode=True)).decode(),
            }
            for part in message.walk()
            if not part.is_multipart()
        ]
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")
