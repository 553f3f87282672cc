"""Which database a test of runs gets: an SQLite file of its own, or PostgreSQL, emptied for it."""

import os
from pathlib import Path

from sqlalchemy import create_engine, text

__all__ = ["fresh_database"]


def fresh_database(folder: Path) -> str:
    """Path of a new SQLite file in the folder.

    When ELLUMINATE_TEST_POSTGRESQL_URL names a PostgreSQL database, that URL instead, and the database's schema
    `public` is dropped and made anew. Tests must not run in parallel then.
    """
    postgresql = os.environ.get("ELLUMINATE_TEST_POSTGRESQL_URL")
    if not postgresql:
        return str(folder / "runs.db")
    engine = create_engine(postgresql, connect_args={"options": "-c lock_timeout=30000"})
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return postgresql
