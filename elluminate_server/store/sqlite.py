"""Connections to an SQLite file: share a new file from the first moment, and leave no lock behind."""

import sqlite3
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import await_only

from elluminate_server.store.writer_thread import WriterThread

__all__ = [
    "BEGIN_WRITING",
    "CONNECTING_SECONDS",
    "DRIVER_HERE",
    "DialectHere",
    "ReadingConnection",
    "SqliteConnection",
    "WritingConnection",
]

BEGIN_WRITING = "BEGIN IMMEDIATE"
"""Begins a transaction that may write: nobody else's can come between what it reads and what it writes."""


CONNECTING_SECONDS = 3.0
"""How long the event loop waits at most for a file that is recovered after a crash."""


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
    """A connection of `DialectHere` that only reads.

    In WAL mode a reader never waits for a writer.
    """

    def cursor(self, *_: Any, **__: Any) -> Any:
        """A cursor as SQLAlchemy's asyncio extension wants it."""
        return super().cursor(_CursorHere)


class WritingConnection(SqliteConnection):
    """A connection of `DialectHere` that writes little at a time.

    What may have to wait is done in another thread: a beginning for which another process has to end its transaction,
    and a commit, which may have to wait for the disk.

    Args:
        database: Path of the file.
        thread: Where that is done.
        timeout: Seconds to wait for a lock.
        options: Further arguments of `sqlite3.connect`.
    """

    def __init__(self, database: str, *, thread: WriterThread, timeout: float = 5.0, **options: Any) -> None:
        options["check_same_thread"] = False
        super().__init__(database, min(timeout, CONNECTING_SECONDS), **options)
        self._thread = thread
        self._milliseconds = int(timeout * 1000)
        self._wait(0)

    def cursor(self, *_: Any, **__: Any) -> Any:
        """A cursor as SQLAlchemy's asyncio extension wants it."""
        return super().cursor(_WritingCursor)

    def commit(self) -> None:
        """Commit beside the event loop."""
        self.beside(super().commit)

    def begin(self, begin: Callable[[], Any]) -> Any:
        """Begin a transaction that writes: at once, or beside the event loop when another process has one."""
        try:
            return begin()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
        return self.beside(lambda: self._begin_patiently(begin))

    def beside(self, do: Callable[[], Any]) -> Any:
        """Do something in the thread, while other tasks of the event loop go on."""
        return await_only(self._thread.run(do))

    def _begin_patiently(self, begin: Callable[[], Any]) -> Any:
        self._wait(self._milliseconds)
        try:
            return begin()
        finally:
            self._wait(0)

    def _wait(self, milliseconds: int) -> None:
        sqlite3.Connection.execute(self, f"PRAGMA busy_timeout = {milliseconds}").close()


class _CursorHere(sqlite3.Cursor):
    async def _async_soft_close(self) -> None:
        """The rows are read where they are; there is nothing to wait for."""


class _WritingCursor(_CursorHere):
    def execute(self, statement: str, *parameters: Any) -> Any:
        if statement != BEGIN_WRITING:
            return super().execute(statement, *parameters)
        begin, connection = super().execute, self.connection
        assert isinstance(connection, WritingConnection)  # noqa: S101 - which makes no other cursors
        return connection.begin(lambda: begin(statement))


DRIVER_HERE = "sqlite+elluminate_here"
"""For `create_async_engine`: see `DialectHere`."""


class DialectHere(SQLiteDialect_pysqlite):
    """SQLite in the event loop's own thread.

    What a request reads or writes is in memory: to hand each statement to another thread, and its result back, takes
    ten times as long as the statement.
    """

    driver = "elluminate_here"
    is_async = True
    supports_statement_cache = True


registry.register("sqlite.elluminate_here", __name__, DialectHere.__name__)
