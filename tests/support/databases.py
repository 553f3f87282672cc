"""Which database a test gets: an SQLite file of its own, or one of its own on a PostgreSQL server.

`ELLUMINATE_TEST_POSTGRESQL` names the server, without a database: `postgresql://user@127.0.0.1:5432`.
"""

import contextlib
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from elluminate_server.settings import normalise_database_url

__all__ = ["POSTGRESQL", "fresh_database", "new_database", "postgresql_only", "sqlite_only"]

POSTGRESQL = os.environ.get("ELLUMINATE_TEST_POSTGRESQL", "")

sqlite_only = pytest.mark.skipif(bool(POSTGRESQL), reason="looks into an SQLite file")
postgresql_only = pytest.mark.skipif(
    not POSTGRESQL, reason="SQLite is a file: it locks as a whole, and has no connection to lose"
)


def fresh_database(folder: Path) -> str:
    """Path of a new SQLite file in the folder; on PostgreSQL, the URL of an empty database.

    A process of tests has one at a time there: the one before is dropped, whoever is still connected to it.
    """
    if not POSTGRESQL:
        return str(folder / "runs.db")
    name = f"test_of_process_{os.getpid()}"
    engine = create_engine(_address("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return _address(name)


@contextlib.asynccontextmanager
async def new_database(folder: Path) -> AsyncIterator[str]:
    """A database that is gone afterwards, however many there are at the time."""
    if not POSTGRESQL:
        yield str(folder / "test.db")
        return
    name = f"test_{uuid.uuid4().hex}"
    engine = create_async_engine(_address("postgres"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield _address(name)
    finally:
        async with engine.connect() as connection:
            await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        await engine.dispose()


def _address(database: str) -> str:
    return normalise_database_url(f"{POSTGRESQL}/{database}")
