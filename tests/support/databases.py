"""Which database a test gets: an SQLite file of its own, or one of its own on a PostgreSQL server.

`ELLUMINATE_TEST_POSTGRESQL` names the server, without a database: `postgresql://user@127.0.0.1:5432`.

There the migrations run once for a process of tests, in a database that all others are copied from: they take half a
second, a copy a fraction of that.
"""

import contextlib
import functools
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text

from elluminate_server.settings import normalise_database_url
from elluminate_server.store import migrating

__all__ = [
    "POSTGRESQL",
    "empty_database",
    "fresh_database",
    "new_database",
    "postgresql_only",
    "sqlite_only",
]

POSTGRESQL = os.environ.get("ELLUMINATE_TEST_POSTGRESQL", "")

sqlite_only = pytest.mark.skipif(bool(POSTGRESQL), reason="looks into an SQLite file")
postgresql_only = pytest.mark.skipif(
    not POSTGRESQL, reason="SQLite is a file: it locks as a whole, and has no connection to lose"
)


def fresh_database(folder: Path) -> str:
    """Path of a new SQLite file in the folder; on PostgreSQL, the URL of a database with nothing but its tables.

    A process of tests has one at a time there: the one before is dropped, whoever is still connected to it.
    """
    if not POSTGRESQL:
        return str(folder / "runs.db")
    name = f"test_of_process_{os.getpid()}"
    _drop(name)
    _create(name, template=_template())
    return _address(name)


@contextlib.asynccontextmanager
async def new_database(folder: Path) -> AsyncIterator[str]:
    """A database that is gone afterwards, however many there are at the time."""
    if not POSTGRESQL:
        yield str(folder / "test.db")
        return
    with _named(template=_template()) as url:
        yield url


@contextlib.contextmanager
def empty_database() -> Iterator[str]:
    """One without tables on PostgreSQL, which is gone afterwards."""
    with _named(template=None) as url:
        yield url


@contextlib.contextmanager
def _named(template: str | None) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    _create(name, template=template)
    try:
        yield _address(name)
    finally:
        _drop(name)


@functools.cache
def _template() -> str:
    """The database with this version's tables that this process copies."""
    name = f"template_of_process_{os.getpid()}"
    _drop(name)
    _create(name, template=None)
    engine = create_engine(_address(name), poolclass=NullPool)
    with engine.begin() as connection:
        migrating.run_all(connection)
    return name


def _create(name: str, *, template: str | None) -> None:
    with _administration().connect() as connection:
        how = ""
        if template is not None:
            how = f"TEMPLATE {template}"
            if (connection.dialect.server_version_info or ()) >= (15,):
                how += " STRATEGY FILE_COPY"  # older ones know no other
        connection.execute(text(f"CREATE DATABASE {name} {how}"))


def _drop(name: str) -> None:
    with _administration().connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@functools.cache
def _administration() -> Engine:
    return create_engine(_address("postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT")


def _address(database: str) -> str:
    return normalise_database_url(f"{POSTGRESQL}/{database}")
