"""API keys of the server's own making: made, kept as digests, revoked."""

import datetime
import hashlib
import secrets

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import ApiKey, Project

__all__ = ["add_key", "digest_of", "keep_first_key", "new_key", "revoke"]

_SHOWN = 8
"""Characters of a key that lists show: the fixed beginning and a few of 43 random ones."""


def new_key() -> str:
    """A random API key: 256 bits, safe in headers, shells and URLs."""
    return f"elm_{secrets.token_urlsafe(32)}"


def digest_of(key: str) -> str:
    """What is stored of an API key: its SHA-256 (hex). Keys are random, so no salt is needed."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


async def add_key(
    session: AsyncSession, project_id: int, name: str, expires_at: datetime.datetime | None
) -> tuple[ApiKey, str]:
    """Make a key of a project.

    Returns:
        The stored row, which has its digest only, and the key itself, which is shown once and kept nowhere.
    """
    key = new_key()
    row = ApiKey(
        project_id=project_id, name=name, digest=digest_of(key), prefix=key[:_SHOWN], expires_at=expires_at
    )
    session.add(row)
    await session.flush()
    return row, key


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
        session.add(
            ApiKey(project_id=project_id, name="first start", digest=digest_of(key), prefix=key[:_SHOWN])
        )
        return True
