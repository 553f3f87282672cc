"""Idempotency-Key: a repeated POST gets the first answer again and has no further effect.

The answer is written in the transaction of the effect: either both are there, or neither is.
"""

import datetime
import hashlib
import re

import attrs
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from elluminate_server.http.problems import Invalid, quoted
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import IdempotencyKey

__all__ = ["Idempotency", "Replay", "idempotency_of"]

LIFETIME = datetime.timedelta(hours=24)

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)


class Replay(Exception):
    """The request was answered before; carries that answer."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


@attrs.frozen
class Idempotency:
    """One request's key, and the fingerprint of its content."""

    project_id: int
    key: str
    fingerprint: str

    async def replay(self, session: AsyncSession) -> None:
        """Do nothing when the key is new.

        Raises:
            Replay: The same request was answered before.
            Invalid: The key was used for another request.
        """
        known = await session.scalar(
            select(IdempotencyKey).where(
                IdempotencyKey.project_id == self.project_id, IdempotencyKey.key == self.key
            )
        )
        if known is None or known.created_at <= utc_now() - LIFETIME:
            return
        if known.fingerprint != self.fingerprint:
            raise Invalid(
                f"The Idempotency-Key {quoted(self.key)} was already used for another request. "
                "Use a new key for each logical request."
            )
        raise Replay(known.status, known.body)

    async def reserve(self, session: AsyncSession) -> IdempotencyKey:
        """Take the key in the transaction of the effect, so that a concurrent twin waits or fails.

        Raises:
            Replay: The same request was answered before.
            Invalid: The key was used for another request.
        """
        await self.replay(session)
        await session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at <= utc_now() - LIFETIME))
        row = IdempotencyKey(
            project_id=self.project_id, key=self.key, fingerprint=self.fingerprint, status=0, body=b""
        )
        session.add(row)
        await session.flush()
        return row


def idempotency_of(request: Request, project_id: int, body: bytes) -> Idempotency | None:
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
    return Idempotency(project_id, key, digest.hexdigest())
