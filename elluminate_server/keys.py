"""API keys of the server's own making."""

import secrets

from sqlalchemy import select

from elluminate_server.api.access import digest_of
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import ApiKey, Project

__all__ = ["keep_first_key", "new_key"]


def new_key() -> str:
    """A random API key: 256 bits, safe in headers, shells and URLs."""
    return f"elm_{secrets.token_urlsafe(32)}"


async def keep_first_key(store: Store, key: str) -> bool:
    """Store a key (its digest) for the default project when the database has none; whether it did."""
    async with store.write() as session:
        if await session.scalar(select(ApiKey.id).limit(1)) is not None:
            return False
        project_id = await session.scalar(select(Project.id).order_by(Project.id).limit(1))
        if project_id is None:
            raise RuntimeError("The default project has to be there before its first key.")
        session.add(ApiKey(project_id=project_id, name="first start", digest=digest_of(key), prefix=key[:8]))
        return True
