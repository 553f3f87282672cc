"""Finds out before anything starts that an SQLite file cannot be used, and says so plainly."""

import contextlib
import sqlite3
from pathlib import Path

from sqlalchemy.engine import make_url

from elluminate_server.settings import MEMORY

__all__ = ["DatabaseUnusableError", "probe"]

BUSY_SECONDS = 30.0


class DatabaseUnusableError(RuntimeError):
    """The database cannot be opened; the message says which, why, and what to do."""


def probe(database_url: str) -> None:
    """Open an SQLite file once, creating its folder; nothing for other databases.

    A driver that fails in a thread of its own, in the middle of the start, can only fail with noise.

    Args:
        database_url: A URL of `settings.normalise_database_url`, or `:memory:`.

    Raises:
        DatabaseUnusableError: The file is no database, or cannot be opened or created.
    """
    if database_url == MEMORY:
        return
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        return
    path = Path(url.database).expanduser()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DatabaseUnusableError(
            f"The database {path} cannot be opened: {reason}. Give the path of an SQLite file that this user "
            "may write, or of one that is not there yet."
        ) from error
