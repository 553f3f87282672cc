"""API keys of the server's own making: made, kept as digests under a pepper, revoked."""

import datetime
import hashlib
import secrets

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.roles import ADMIN
from elluminate_server.store.audit_log import log_command
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.sealing import make_pepper, pepper_of, peppered
from elluminate_server.store.tables import ApiKey, Project

__all__ = [
    "add_key",
    "digest_of",
    "keep_first_key",
    "known_digest",
    "new_key",
    "reach_of",
    "revoke",
    "stored_digest",
]

_SHOWN = 8
"""Characters of a key that lists show: the fixed beginning and a few of 43 random ones."""


def new_key() -> str:
    """A random API key: 256 bits, safe in headers, shells and URLs."""
    return f"elm_{secrets.token_urlsafe(32)}"


async def known_digest(session: AsyncSession, key: str) -> str | None:
    """What would be stored of an API key; None where none is stored yet."""
    pepper = await pepper_of(session)
    return None if pepper is None else peppered(pepper, digest_of(key))


async def stored_digest(session: AsyncSession, key: str) -> str:
    """What is stored of an API key: its HMAC-SHA-256 (hex) under the database's pepper, which the first one makes.

    A key that somebody chose may be guessed; who has the database alone has nothing to compare guesses with.

    Args:
        session: Of a write transaction.
        key: The key.
    """
    return peppered(await make_pepper(session), digest_of(key))


def digest_of(key: str) -> str:
    """The SHA-256 (hex) of a key: for comparing, and under the pepper for what is stored."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


async def add_key(
    session: AsyncSession,
    project_id: int,
    name: str,
    expires_at: datetime.datetime | None,
    role: str = ADMIN,
) -> tuple[ApiKey, str]:
    """Make a key of a project, with a role of `domain.roles`.

    Returns:
        The stored row, which has its digest only, and the key itself, which is shown once and kept nowhere.
    """
    key = new_key()
    digest = await stored_digest(session, key)
    row = ApiKey(
        project_id=project_id,
        name=name,
        digest=digest,
        prefix=key[:_SHOWN],
        expires_at=expires_at,
        role=role,
    )
    session.add(row)
    await session.flush()
    return row, key


async def reach_of(session: AsyncSession, key_id: int | None) -> datetime.datetime | None:
    """Until when a key may last that this key makes or revokes; None where there is no such bound.

    There is none for a key that never expires, for the first one of its project, whose owner set the project up, and
    for the key of a server inside a process, which is not stored.
    """
    row = None if key_id is None else await session.get(ApiKey, key_id)
    if row is None or row.expires_at is None:
        return None
    first = await session.scalar(select(func.min(ApiKey.id)).where(ApiKey.project_id == row.project_id))
    return None if row.id == first else row.expires_at


def revoke(row: ApiKey) -> None:
    """Let a key open nothing from now on; one that was revoked before keeps its date."""
    row.revoked_at = row.revoked_at or utc_now()


async def keep_first_key(store: Store, key: str) -> bool:
    """Store a key (its digest) for the default project when the database has none; whether it did."""
    async with store.write() as session:
        if await session.scalar(select(ApiKey.id).limit(1)) is not None:
            return False
        project_id = await session.scalar(select(Project.id).order_by(Project.id).limit(1))
        if project_id is None:
            raise RuntimeError("The default project has to be there before its first key.")
        digest = await stored_digest(session, key)
        row = ApiKey(project_id=project_id, name="first start", digest=digest, prefix=key[:_SHOWN])
        session.add(row)
        await session.flush()
        await log_command(session, "serve", row.project_id, ("api_key", row.id, row.name))
        return True
