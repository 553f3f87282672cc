"""What a client may send before it is understood, and for how long it may keep the server waiting.

uvicorn bounds neither. Its parser in C takes headers of any length, and joins them piece by piece; and nothing ends
a request that is never completed. What is bounded here is what the *client* owes: the rest of a request that it has
begun, and the reading of its answer. How long the server takes for an answer, or for an event stream, is not.
"""

import asyncio
import enum
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from elluminate_server.settings import Settings

if TYPE_CHECKING:
    from uvicorn.protocols.http.flow_control import FlowControl

__all__ = ["SLOWEST", "BoundedConnection", "Bounds", "Debt"]

_logger = logging.getLogger("elluminate_server.connections")

SLOWEST = 1000
"""Bytes a second of a body, on average, after its first seconds."""

LINGER_SECONDS = 2.0
LINGER_BYTES = 4 * 1024 * 1024
"""What a client may still send after its request was refused: one that is cut off at once may never read why."""

_PIECE = 16 * 1024


@attrs.frozen(kw_only=True)
class Bounds:
    """What a client may send, and how long it may take.

    Attributes:
        head_bytes: Longest request line with its headers, and longest trailers of a body.
        head_seconds: To complete them, from the first byte (on a new connection: from its beginning).
        body_seconds: Between two bytes of a body; and for all of it, plus a second for every `SLOWEST` bytes.
        answer_seconds: Without reading anything of an answer.
    """

    head_bytes: int
    head_seconds: float
    body_seconds: float
    answer_seconds: float

    @classmethod
    def of(cls, settings: Settings) -> "Bounds":
        """Those of a server's settings."""
        return cls(
            head_bytes=settings.max_head_bytes,
            head_seconds=settings.head_time_limit,
            body_seconds=settings.body_time_limit,
            answer_seconds=settings.answer_time_limit,
        )


class Debt(enum.Enum):
    """What the client owes the server next."""

    HEAD = enum.auto()
    BODY = enum.auto()
    NOTHING = enum.auto()


if TYPE_CHECKING:

    class _Protocol(asyncio.Protocol):
        """What both of uvicorn's protocols have."""

        transport: asyncio.Transport
        flow: FlowControl
        loop: asyncio.AbstractEventLoop
        client: tuple[str, int] | None
        cycle: Any
        access_log: bool

        def __init__(self, **rest: Any) -> None: ...
        def shutdown(self) -> None: ...

else:
    _Protocol = object


class BoundedConnection(_Protocol):
    """Mixed into one of uvicorn's protocols, before it.

    Args:
        bounds: What the client may send, and how long it may take.
        on_lost: Called when the connection is gone.
        access_log: False to write none; uvicorn would look at the process-wide logger alone.
        rest: Arguments of uvicorn's protocol.

    Attributes:
        debt: What the client owes.
    """

    debt: Debt

    def __init__(
        self, *, bounds: Bounds, on_lost: Callable[[], object], access_log: bool, **rest: Any
    ) -> None:
        super().__init__(**rest)
        self.access_log = self.access_log and access_log
        self.debt = Debt.HEAD
        self._bounds = bounds
        self._on_lost = on_lost
        self._owed_since = self._byte_at = self._checked_at = self.loop.time()
        self._received = 0
        self._drained_since: float | None = None
        self._unused = 0  # bytes since the parser last made something of them
        self._unsent = 0
        self._unread_since: float | None = None
        self._refused_at: float | None = None
        self._discarded = 0

    # --- how much

    def data_received(self, data: bytes) -> None:
        """Hand the bytes to the parser, as many as may still come without making sense."""
        if self._refused_at is not None:
            self._discarded += len(data)
            if self._discarded > LINGER_BYTES:
                self.transport.abort()
            return
        self._byte_at = self.loop.time()
        if not self._is_begun and not self._is_answering:
            self._owe(Debt.HEAD)
        position = 0
        while position < len(data) and self._refused_at is None and not self.transport.is_closing():
            room = self._bounds.head_bytes - self._unused
            if room <= 0:
                self._refuse_length()
                return
            piece = data[position : position + min(room, _PIECE)]
            position += len(piece)
            self._received += len(piece)
            self._parse(piece)

    def _parse(self, piece: bytes) -> None:
        """Give the parser a piece, and keep `_unused` and what is owed up to date."""
        raise NotImplementedError

    def _owe(self, debt: Debt, since: float | None = None) -> None:
        self.debt, self._owed_since, self._received = debt, since or self._byte_at, 0
        self._drained_since = None

    @property
    def _is_begun(self) -> bool:
        """Whether the client has sent some of a request, but not all of it."""
        raise NotImplementedError

    @property
    def _is_in_request_line(self) -> bool:
        """Whether what was sent of a request is its first line alone."""
        raise NotImplementedError

    @property
    def _is_answering(self) -> bool:
        """Whether an answer is owed or on its way: it is the server's turn."""
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse_length(self) -> None:
        limit = f"longer than the {self._bounds.head_bytes} bytes that this server accepts"
        if self.debt is Debt.BODY:
            self._refuse(
                431, f"The body's trailers, or the extension of a chunk, are {limit}. Leave them out."
            )
        elif self._is_in_request_line:
            self._refuse(414, f"The address is {limit}. Shorten it.")
        else:
            self._refuse(431, f"The address and the headers are {limit}. Leave out what is not needed.")

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP request.

        Args:
            msg: What uvicorn would say, as text.
        """
        self._refuse(400, f"{msg} Its first line, its headers or the framing of its body are malformed.")

    def _refuse(self, status: int, detail: str) -> None:
        """Answer in the contract's way, JSON with a `detail`, and listen to the client no longer."""
        if self._refused_at is not None:
            return
        self._refused_at = self.loop.time()
        if not self._may_answer:
            self.transport.abort()
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True  # what the application would answer now is dropped
            self.cycle.message_event.set()
        body = msgspec.json.encode({"detail": detail})
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%b"
            % (status, HTTPStatus(status).phrase.encode(), len(body), body)
        )
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.flow.resume_reading()
        else:
            self.transport.close()

    @property
    def _may_answer(self) -> bool:
        """Whether an answer that is written now is read as that of the request that is refused."""
        if self.transport.is_closing():
            return False
        return not (self.cycle.response_started if self.debt is Debt.BODY else self._is_answering)

    # --- how long

    def check(self, now: float) -> None:
        """End the connection when its client is overdue; called every half second.

        Args:
            now: The event loop's time.
        """
        passed, self._checked_at = now - self._checked_at, now
        if self._is_stuck(now):
            _logger.info("%s has read nothing for %g s", self.client, self._bounds.answer_seconds)
            self.transport.abort()
        elif self._refused_at is not None:
            if now - self._refused_at > LINGER_SECONDS:
                self.transport.abort()
        elif self.transport.is_closing():
            return
        elif self.debt is Debt.BODY:
            if self.flow.read_paused:  # the server has enough of it for the moment
                self._owed_since += passed
                self._byte_at = now
            self._check_body(now)
        elif self._is_answering:
            self._owed_since = now
        elif self.debt is Debt.HEAD and now - self._owed_since > self._bounds.head_seconds:
            if self._is_begun:
                self._refuse(408, f"The headers did not come within {self._bounds.head_seconds:g} seconds.")
            else:
                self.transport.close()

    def _check_body(self, now: float) -> None:
        seconds, taken = self._bounds.body_seconds, now - self._owed_since
        if not self._is_answering:  # it was refused before its end, and is read for the client's sake
            self._drained_since = self._drained_since or now
            if now - self._drained_since > seconds:
                self.transport.abort()
        elif now - self._byte_at > seconds:
            self._refuse(408, f"Nothing of the body came for {seconds:g} seconds.")
        elif taken > seconds + self._received / SLOWEST:
            self._refuse(
                408, f"The body comes too slowly: {self._received} bytes of it in {taken:.0f} seconds."
            )

    def _is_stuck(self, now: float) -> bool:
        """Whether bytes of an answer wait, and the client has taken none of them for too long."""
        unsent = self.transport.get_write_buffer_size()
        if not unsent:
            self._unread_since = None
        elif self._unread_since is None or unsent < self._unsent:
            self._unread_since = now
        self._unsent = unsent
        return self._unread_since is not None and now - self._unread_since > self._bounds.answer_seconds

    def resume_writing(self) -> None:
        """Note that the client reads."""
        self._unread_since = None
        super().resume_writing()

    # --- the end

    def shutdown(self) -> None:
        """End when the answer under way is complete; at once when there is none."""
        if self._refused_at is not None:
            self.transport.abort()
        else:
            super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the server that there is room for another."""
        super().connection_lost(exc)
        self._on_lost()
