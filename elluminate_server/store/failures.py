"""What becomes of a database while it is in use, as exceptions: busy, away, gone, damaged."""

import sqlite3

from sqlalchemy.exc import DBAPIError, OperationalError

__all__ = [
    "BusyError",
    "DatabaseAwayError",
    "DatabaseDamagedError",
    "DatabaseGoneError",
    "damage_of",
    "outage_of",
]

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


_PASSING_CODES = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
    }
)
"""Primary result codes (https://www.sqlite.org/rescode.html) that tell of the machine, not of what was asked."""

_PASSING_STATES = ("08", "25006", "40", "53", "57", "58")
"""Classes of SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html): connection exception, a server
that takes no writes, transaction rollback (a deadlock), insufficient resources, operator intervention (a
restart), system error."""


class BusyError(RuntimeError):
    """The database cannot be used for the moment, which says nothing about what was asked of it.

    It was locked for longer than the time-out, or it is one of the subclasses. Nothing was written, unless
    `may_be_done`.

    Attributes:
        may_be_done: Whether the connection broke while the transaction was committed, so that only the rows tell.
    """

    may_be_done = False


class DatabaseAwayError(BusyError):
    """Its disk is full or cannot be written, its server is not reached, or there are no file descriptors left."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The database cannot be used for the moment: {reason}.")


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


def outage_of(error: BaseException) -> str | None:
    """Why a database cannot be used for the moment, in one line; None for an error that says something else."""
    if not isinstance(error, DBAPIError | sqlite3.Error):
        return None
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", None)
        is_passing = code is not None and code & 0xFF in _PASSING_CODES
    else:
        # psycopg's errors have the attribute; it is None when no connection could be made.
        state = getattr(cause, "sqlstate", "")
        is_passing = isinstance(error, OperationalError) and (
            state is None or state.startswith(_PASSING_STATES)
        )
        is_passing = is_passing or (isinstance(error, DBAPIError) and error.connection_invalidated)
    return str(cause).strip().partition("\n")[0] if is_passing else None


def damage_of(error: BaseException) -> str | None:
    """What SQLite says of a damaged file; None for any other error."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, sqlite3.Error):
        return None
    code = getattr(cause, "sqlite_errorcode", None)  # of what the driver raises by itself, there is none
    return str(cause) if code is not None and code & 0xFF in _DAMAGED else None
