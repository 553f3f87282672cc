"""What becomes of a database while it is in use, as exceptions: busy, gone, damaged."""

import sqlite3

from sqlalchemy.exc import DBAPIError

__all__ = ["BusyError", "DatabaseDamagedError", "DatabaseGoneError", "damage_of"]

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class BusyError(RuntimeError):
    """The database was locked for longer than the time-out; nothing was written."""


class DatabaseGoneError(BusyError):
    """The database's file was deleted or replaced; nothing is read or written until it is back."""


class DatabaseDamagedError(RuntimeError):
    """What is stored cannot be read: the file is damaged.

    Attributes:
        told: What a client is told, who has no business with the server's files.
        is_news: Whether the store says so for the first time: it need not be logged at every request.
    """

    def __init__(self, path: str, reason: str, *, is_news: bool = True) -> None:
        super().__init__(
            f"The database {path} is damaged: {reason}. Stop the server and put a copy in its place, or save what can "
            f'be read: sqlite3 {path} ".recover" | sqlite3 recovered.db'
        )
        self.is_news = is_news
        self.told = (
            f"The server's database is damaged: {reason}. Nothing was done; its log says how to mend it."
        )


def damage_of(error: BaseException) -> str | None:
    """What SQLite says of a damaged file; None for any other error."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, sqlite3.Error):
        return None
    code = getattr(cause, "sqlite_errorcode", None)  # of what the driver raises by itself, there is none
    return str(cause) if code is not None and code & 0xFF in _DAMAGED else None
