"""One connection to an SQLite file: shares a new file from the first moment, and leaves no lock behind."""

import sqlite3
import time
from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

__all__ = ["READING_DRIVER", "ReadingConnection", "ReadingDialect", "SqliteConnection"]


class SqliteConnection(sqlite3.Connection):
    """What `sqlite3.connect` makes as its `factory`, prepared for the store.

    Transactions are begun and ended by statements alone, never by the driver.

    Args:
        database: Path of the file.
        timeout: Seconds to wait for a lock.
        options: Further arguments of `sqlite3.connect`.
    """

    def __init__(self, database: str, timeout: float = 5.0, **options: Any) -> None:
        # The driver would begin transactions by itself, late and deferred.
        options["isolation_level"] = None
        super().__init__(database, timeout, **options)
        try:
            self._use_wal(timeout)
            for pragma in ("synchronous = NORMAL", "foreign_keys = ON"):
                self.execute(f"PRAGMA {pragma}")
        except BaseException:
            self.close()
            raise

    def _use_wal(self, seconds: float) -> None:
        """Switch to WAL, and let a new file give pages back; only its first connection has something to do.

        When several are the first, each of them has read the file and now wants it for itself. SQLite ends that
        deadlock by refusing all but one, at once and whatever the time-out is
        (https://www.sqlite.org/c3ref/busy_handler.html).
        """
        end = time.monotonic() + seconds
        while True:
            try:
                # This would wait for a writer in a file that has pages, and change nothing.
                if not self.execute("PRAGMA page_count").fetchone()[0]:
                    self.execute("PRAGMA auto_vacuum = INCREMENTAL").close()
                self.execute("PRAGMA journal_mode = WAL").close()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                    raise
            else:
                return
            # Having read nothing yet, this waits for its turn.
            self.execute("BEGIN EXCLUSIVE")
            self.execute("ROLLBACK")

    def close(self) -> None:
        """Roll back what is open, then close.

        Closing alone would leave a transaction open, and the database locked, for as long as anything refers to one
        of its statements: the traceback of a task that was cancelled in it is enough
        (https://www.sqlite.org/c3ref/close.html).
        """
        try:
            if self.in_transaction:
                self.rollback()
        except sqlite3.ProgrammingError:
            pass  # closed already
        finally:
            super().close()


class ReadingConnection(SqliteConnection):
    """A connection of `ReadingDialect`."""

    def cursor(self, *_: Any, **__: Any) -> Any:
        """A cursor as SQLAlchemy's asyncio extension wants it."""
        return super().cursor(_ReadingCursor)


class _ReadingCursor(sqlite3.Cursor):
    async def _async_soft_close(self) -> None:
        """The rows are read where they are; there is nothing to wait for."""


READING_DRIVER = "sqlite+elluminate_reading"
"""For `create_async_engine`: see `ReadingDialect`."""


class ReadingDialect(SQLiteDialect_pysqlite):
    """SQLite read in the event loop's own thread.

    In WAL mode a reader never waits for a writer, and what a request reads is in memory: to hand each statement
    to another thread, and its result back, takes ten times as long as the statement.
    """

    driver = "elluminate_reading"
    is_async = True
    supports_statement_cache = True


registry.register("sqlite.elluminate_reading", __name__, ReadingDialect.__name__)
