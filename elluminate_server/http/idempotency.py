"""Idempotency-Key: a repeated POST gets the first answer again and has no further effect.

The answer is written in the transaction of the effect: either both are there, or neither is. Where it takes long to
read, it is written in a transaction of its own; a repetition that finds the effect alone reads the answer then. What
is long is kept compressed, and all are forgotten when their time is over.
"""

import asyncio
import contextlib
import datetime
import hashlib
import re
import zlib
from collections.abc import AsyncIterator
from typing import Any

import attrs
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from elluminate_server.http.problems import Conflict, Invalid, quoted
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.pieces import write_in_pieces
from elluminate_server.store.tables import IdempotencyKey

__all__ = ["Idempotency", "Replay", "Turns", "forget_answers", "idempotency_of", "keep_answer"]

_COMPRESSED_FROM = 1024
"""Bytes from which an answer is kept compressed; of shorter ones little would be saved."""

_LONG = 1024 * 1024
"""Bytes from which compressing would hold the event loop for too long."""

_UNANSWERED = 0
"""Status of a request whose effect is there, and whose answer is being read."""

_FORGOTTEN_AT_ONCE = 100
"""Answers; they may be long."""

PATIENCE = 30.0
"""Seconds that a repetition waits for the first request."""

RETRY_AFTER = 5.0
"""Seconds after which it may ask again."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)


class Replay(Exception):
    """The request was answered before; carries that answer."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class Turns:
    """Requests that this process is answering, by key: a repetition waits for the first, and gets its answer.

    What requests do before they write, asking a model for example, is done once by that.
    """

    def __init__(self) -> None:
        self._turns: dict[tuple[int, str], _Turn] = {}

    @contextlib.asynccontextmanager
    async def take(self, idempotency: "Idempotency") -> AsyncIterator[None]:
        """Wait until no other request with this key is being answered, then be the one that is.

        Raises:
            Conflict: The other one takes too long.
        """
        place = idempotency.project_id, idempotency.key
        turn = self._turns.setdefault(place, _Turn())
        turn.requests += 1
        try:
            try:
                async with asyncio.timeout(PATIENCE):
                    await turn.lock.acquire()
            except TimeoutError:
                raise idempotency.still_being_handled() from None
            try:
                yield
            finally:
                turn.lock.release()
        finally:
            turn.requests -= 1
            if not turn.requests:
                del self._turns[place]


@attrs.define
class _Turn:
    lock: asyncio.Lock = attrs.field(factory=asyncio.Lock)
    requests: int = 0


@attrs.frozen
class Idempotency:
    """One request's key, the fingerprint of its content, and how long its answer is kept."""

    project_id: int
    key: str
    fingerprint: str
    lifetime: datetime.timedelta

    async def replay(self, session: AsyncSession) -> bool:
        """Whether there is the effect already, and no answer yet; False when the key is new.

        Raises:
            Replay: The same request was answered before.
            Invalid: The key was used for another request.
        """
        known = await session.scalar(select(IdempotencyKey).where(*self._is_this))
        if known is None or known.created_at <= utc_now() - self.lifetime:
            return False
        if known.fingerprint != self.fingerprint:
            raise Invalid(
                f"The Idempotency-Key {quoted(self.key)} was already used for another request. "
                "Use a new key for each logical request."
            )
        if known.status == _UNANSWERED:
            return True
        raise Replay(known.status, zlib.decompress(known.body) if known.is_compressed else known.body)

    async def reserve(self, session: AsyncSession) -> IdempotencyKey:
        """Take the key in the transaction of the effect, so that a concurrent twin waits or fails.

        Raises:
            Replay: The same request was answered before.
            Invalid: The key was used for another request.
            Conflict: The same request is being answered by another process.
        """
        if await self.replay(session):
            raise self.still_being_handled()
        await session.execute(delete(IdempotencyKey).where(*self._is_this))
        row = IdempotencyKey(
            project_id=self.project_id,
            key=self.key,
            fingerprint=self.fingerprint,
            status=_UNANSWERED,
            body=b"",
        )
        session.add(row)
        await session.flush()
        return row

    async def keep(self, store: Store, status: int, body: bytes) -> None:
        """Note the answer to a request whose effect is there."""
        kept, is_compressed = await _kept_form(body)
        async with store.write(is_short=True) as session:
            await session.execute(
                update(IdempotencyKey)
                .where(*self._is_this)
                .values(status=status, body=kept, is_compressed=is_compressed)
                .execution_options(synchronize_session=False)
            )

    def still_being_handled(self) -> Conflict:
        """The refusal of a repetition that came before the first request's answer."""
        return Conflict(
            f"The first request with the Idempotency-Key {quoted(self.key)} is still being handled. Nothing was "
            "done; repeat this one later, and it gets the first one's answer.",
            headers={"Retry-After": f"{RETRY_AFTER:g}"},
        )

    @property
    def _is_this(self) -> tuple[ColumnElement[bool], ...]:
        return IdempotencyKey.project_id == self.project_id, IdempotencyKey.key == self.key


async def keep_answer(row: IdempotencyKey, status: int, body: bytes) -> None:
    """Note the answer to a request under its key, in the transaction of the effect."""
    row.status = status
    row.body, row.is_compressed = await _kept_form(body)


async def _kept_form(body: bytes) -> tuple[bytes, bool]:
    """An answer's body as it is kept, and whether that is compressed."""
    if len(body) < _COMPRESSED_FROM:
        return body, False
    if len(body) >= _LONG:
        return await asyncio.to_thread(zlib.compress, body, 1), True
    return zlib.compress(body, 1), True


async def forget_answers(store: Store, lifetime: datetime.timedelta) -> None:
    """Delete the answers whose time is over."""
    over = select(IdempotencyKey.id).where(IdempotencyKey.created_at <= utc_now() - lifetime)
    async with store.read() as session:
        if await session.scalar(over.limit(1)) is None:
            return

    async def write(session: AsyncSession, _size: int) -> bool:
        gone: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
            delete(IdempotencyKey)
            .where(IdempotencyKey.id.in_(over.limit(_FORGOTTEN_AT_ONCE)))
            .execution_options(synchronize_session=False)
        )
        return gone.rowcount < _FORGOTTEN_AT_ONCE

    await write_in_pieces(store, write)


def idempotency_of(
    request: Request, project_id: int, body: bytes, lifetime: datetime.timedelta
) -> Idempotency | None:
    """The request's key and fingerprint; None when it came without a key.

    Raises:
        Invalid: The key is not 1 to 255 visible ASCII characters.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise Invalid(f"The Idempotency-Key {quoted(key)} is not 1 to 255 visible ASCII characters.")
    boundary = _BOUNDARY.search(request.headers.get("content-type", ""))
    if boundary is not None:
        # A retry may build its form anew, with another boundary around the same content.
        body = body.replace(boundary.group(1).encode("latin-1"), b"")
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    digest.update(body)
    return Idempotency(project_id, key, digest.hexdigest(), lifetime)
