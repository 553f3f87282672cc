"""HTTP/1.1 as far as a proxy has to know it: where a message ends, and what identifies a request."""

from __future__ import annotations

import asyncio
import hashlib

from attrs import frozen

__all__ = ["Message", "answer_of", "page", "read_answer", "read_head", "read_rest"]

_LONGEST = 64 * 1024 * 1024


@frozen
class Message:
    """A request or an answer.

    Attributes:
        start: Its first line.
        headers: Its other lines, without ends.
        body: As it came, chunks and all.
    """

    start: bytes
    headers: list[bytes]
    body: bytes = b""

    def header(self, name: bytes) -> bytes:
        """The value of a header; nothing where it is not there."""
        for line in self.headers:
            found, _, value = line.partition(b":")
            if found.strip().lower() == name:
                return value.strip()
        return b""

    @property
    def status(self) -> int:
        """Of an answer, its status."""
        return int(self.start.split(b" ")[1])

    @property
    def is_chunked(self) -> bool:
        return self.header(b"transfer-encoding").lower() == b"chunked"

    @property
    def is_named(self) -> bool:
        """Whether the head alone tells it from other requests."""
        return bool(self.header(b"idempotency-key")) or self.start.startswith((b"GET ", b"DELETE "))

    @property
    def name(self) -> str:
        """The same for every attempt of one request, and another one for other requests."""
        key = self.header(b"idempotency-key") or hashlib.sha256(self.body).hexdigest().encode()
        return b" ".join((self.start, key)).decode()

    def bytes_with(self, connection: bytes) -> bytes:
        """The whole of it, with this header `Connection`; nothing for none."""
        kept = [line for line in self.headers if not line.lower().startswith(b"connection:")]
        lines = [self.start, *kept, *([b"Connection: " + connection] if connection else []), b"", b""]
        return b"\r\n".join(lines) + self.body


async def read_head(reader: asyncio.StreamReader) -> Message | None:
    """The lines of the next message; None where there is none any more."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    start, *headers = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    return Message(start, headers)


async def read_rest(reader: asyncio.StreamReader, request: Message) -> Message:
    """A request with its body."""
    if request.is_chunked:
        body = b""
        while not body.endswith(b"0\r\n\r\n"):
            body += await reader.readuntil(b"\r\n")
            size = int(body.removesuffix(b"\r\n").rpartition(b"\r\n")[2].split(b";")[0], 16)
            body += await reader.readexactly(size + 2)
    else:
        body = await reader.readexactly(int(request.header(b"content-length") or 0))
    return Message(request.start, request.headers, body)


async def read_answer(reader: asyncio.StreamReader) -> Message | None:
    """An answer that ends with its connection; None where it is not whole."""
    answer = await read_head(reader)
    if answer is None:
        return None
    body = await reader.read(_LONGEST)
    while more := await reader.read(_LONGEST):
        body += more
    length = answer.header(b"content-length")
    is_whole = body.endswith(b"0\r\n\r\n") if answer.is_chunked else len(body) == int(length or 0)
    return Message(answer.start, answer.headers, body) if is_whole or answer.status == 204 else None


def answer_of(status: int, retry_after: str = "") -> bytes:
    """An error of something in between, in JSON."""
    lines = [b"Content-Type: application/json"]
    if retry_after:
        lines.append(b"Retry-After: " + retry_after.encode())
    return _whole(status, lines, b'{"detail": "of the proxy"}')


def page(status: int) -> bytes:
    """What is shown to people by something in between."""
    return _whole(status, [b"Content-Type: text/html"], b"<html><body>Nobody is here.</body></html>")


def _whole(status: int, headers: list[bytes], body: bytes) -> bytes:
    lines = [b"HTTP/1.1 %d Of the proxy" % status, *headers, b"Content-Length: %d" % len(body), b"", b""]
    return b"\r\n".join(lines) + body
