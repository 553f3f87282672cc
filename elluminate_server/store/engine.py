"""The database connection: who may read, who may write, and what happens when it has to wait."""

import asyncio
import contextlib
import functools
import logging
import os
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import msgspec
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import AsyncAdaptedQueuePool, StaticPool

from elluminate_server.settings import MEMORY
from elluminate_server.store.failures import (
    BusyError,
    DatabaseAwayError,
    DatabaseDamagedError,
    DatabaseGoneError,
    damage_of,
    outage_of,
)
from elluminate_server.store.files import DatabaseFile
from elluminate_server.store.rows import HERE
from elluminate_server.store.secret_keys import SecretKeys, key_file
from elluminate_server.store.sqlite import (
    BEGIN_WRITING,
    CONNECTING_SECONDS,
    DRIVER_HERE,
    ReadingConnection,
    SqliteConnection,
    WritingConnection,
)
from elluminate_server.store.vault import VAULT, Vault
from elluminate_server.store.writer_thread import WriterThread

__all__ = ["ENGINE_OPTIONS", "BusyError", "DatabaseDamagedError", "DatabaseGoneError", "Store"]

_logger = logging.getLogger("elluminate_server.store")

T = TypeVar("T")

# At DEBUG the driver logs every statement with its values, keys among them.
logging.getLogger("aiosqlite").setLevel(logging.INFO)

BUSY_TIMEOUT = 30.0
"""Seconds to wait for another writer before giving up."""


class Store:
    """One database, opened once for the life of the server.

    SQLite allows one writer at a time: writers of this process queue up in order, and `BEGIN IMMEDIATE` keeps
    other processes out, because a transaction that reads first and writes later fails at once when someone
    came between.

        async with store.read() as session:    # a consistent snapshot
            ...
        async with store.write() as session:   # commits at the end, rolls back on any exception
            ...

    Args:
        database_url: A URL of `settings.normalise_database_url`, or `:memory:` for one that is gone on
            `close` (it lives in a temporary folder, so that readers and the writer stay independent as in any
            other).
        secret_key: What seals its secrets, as `domain.secret_key_texts` reads it; a file beside it unless given.
        busy_timeout: Seconds to wait for another writer.

    Raises:
        SecretKeyError: The file cannot be read.
    """

    def __init__(
        self, database_url: str, *, secret_key: str | None = None, busy_timeout: float = BUSY_TIMEOUT
    ) -> None:
        self._remove_folder: Callable[[], None] | None = None
        self.vault = Vault(SecretKeys(secret_key, key_file(database_url)))
        if database_url == MEMORY:
            # Not SQLite's own ":memory:": its connections share one transaction, or lock each other out.
            folder = tempfile.mkdtemp(prefix="elluminate-")
            self._remove_folder = weakref.finalize(self, _remove_own, folder, os.getpid())
            database_url = f"sqlite+aiosqlite:///{(Path(folder) / 'memory.db').as_posix()}"
        self.url = make_url(database_url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._file: DatabaseFile | None = None
        if self.is_sqlite and self.url.database:
            self._file = DatabaseFile(Path(self.url.database).expanduser())
        self._damage: str | None = None
        self._busy_timeout = busy_timeout
        self._thread = WriterThread()
        self._engine = self._create_engine()
        if self.is_sqlite:
            writing = {"elluminate_begin": BEGIN_WRITING}
            self._writing_engine = self._engine.execution_options(**writing)
            self._engine_here = self._create_engine(
                DRIVER_HERE, functools.partial(WritingConnection, thread=self._thread), self._busy_timeout
            )
            self._short_writing_engine = self._engine_here.execution_options(**writing)
            self._reading_engine = self._create_engine(
                DRIVER_HERE, ReadingConnection, min(CONNECTING_SECONDS, self._busy_timeout)
            )
            self._reading_pool: Any = self._reading_engine.sync_engine.pool
        else:
            self._writing_engine = self._short_writing_engine = self._engine_here = self._engine
            # SQLite's readers see one state anyway; a page and its count have to come from the same.
            self._reading_engine = self._engine.execution_options(isolation_level="REPEATABLE READ")
        self._writer = asyncio.Lock()
        self._thread_engine = self._create_thread_engine() if self.is_sqlite else None

    @property
    def engine(self) -> AsyncEngine:
        """For migrations and tests (its transactions may write); all else uses `read` and `write`."""
        return self._writing_engine

    @property
    def writing_engines(self) -> tuple[Engine, ...]:
        """What writes, for tests that disturb it."""
        if self._thread_engine is None:
            return (self._engine.sync_engine,)
        return (self._engine.sync_engine, self._engine_here.sync_engine, self._thread_engine)

    @property
    def reading_engine(self) -> AsyncEngine:
        """What reads in the event loop's own thread on SQLite, for tests that watch it."""
        return self._reading_engine

    def _create_engine(
        self,
        driver: str | None = None,
        connection: Callable[..., Any] = SqliteConnection,
        timeout: float = 0.0,
    ) -> AsyncEngine:
        url = self.url if driver is None else self.url.set(drivername=driver)
        options: dict[str, Any] = {
            **ENGINE_OPTIONS,
            "pool_size": 16,
            "max_overflow": 32,
            "pool_timeout": self._busy_timeout,
        }
        if not self.is_sqlite:
            waiting = {"options": f"-c lock_timeout={int(self._busy_timeout * 1000)}"}
            return create_async_engine(url, pool_pre_ping=True, connect_args=waiting, **options)
        engine = create_async_engine(
            url,
            poolclass=AsyncAdaptedQueuePool,
            connect_args={"timeout": timeout or self._busy_timeout, "factory": connection},
            # Sessions have ended their transactions themselves. Rolling back once more takes a change of thread, and
            # is logged as an error when it is cut off, as it may be when a server stops.
            pool_reset_on_return=None,
            **options,
        )
        begin = _begin_reading if connection is ReadingConnection else _begin_sqlite
        event.listen(engine.sync_engine, "begin", begin)
        return engine

    def _create_thread_engine(self) -> Engine:
        """For `write_at_once`: one connection, which only the writer's thread uses."""
        engine = create_engine(
            self.url.set(drivername="sqlite"),
            poolclass=StaticPool,
            connect_args={
                "timeout": self._busy_timeout,
                "factory": SqliteConnection,
                "check_same_thread": False,
            },
            execution_options={"elluminate_begin": BEGIN_WRITING},
            **ENGINE_OPTIONS,
        )
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextlib.asynccontextmanager
    async def read(self, *, is_long: bool = False) -> AsyncIterator[AsyncSession]:
        """A session that sees one consistent state; whatever it changes is dropped.

        Args:
            is_long: Whether its statements may take so long that they are worth a thread beside the event loop's, which
                SQLite's take to answer small ones much faster.

        Raises:
            BusyError: No connection was free in time, the database's file is gone (`DatabaseGoneError`), or it
                cannot be reached (`DatabaseAwayError`).
            DatabaseDamagedError: It cannot be read.
        """
        is_here = self.is_sqlite and not is_long
        engine = self._engine if self.is_sqlite and is_long else self._reading_engine
        session = AsyncSession(
            engine, expire_on_commit=False, autoflush=False, info={HERE: is_here, VAULT: self.vault}
        )
        with self.failures():
            if self._file is not None:
                self._file.check(now=False)
            if not is_here:
                async with session:
                    yield session
                return
            # Its own `async with` closes it in a task, while which the next request would open a connection.
            try:
                if not self._reading_pool.checkedin():
                    await session.run_sync(Session.connection)  # only this may have to wait
                yield session
            finally:
                session.sync_session.close()

    @contextlib.asynccontextmanager
    async def write(self, *, is_short: bool = False) -> AsyncIterator[AsyncSession]:
        """A session that commits when the block ends and rolls back when it raises.

        Never open one inside another: on SQLite the second would wait for the first. Calls to models and
        other slow things belong before it.

        Args:
            is_short: Whether it reads and writes a few rows by their keys, however many there are: SQLite then does so
                in the event loop's thread, which takes a fraction of the time of handing each statement to another.

        Raises:
            BusyError: Another process kept the database locked for too long, its file is gone
                (`DatabaseGoneError`), or it cannot be reached or written (`DatabaseAwayError`); nothing was written,
                unless the error says that it may have been.
            DatabaseDamagedError: It cannot be read; nothing was written.
        """
        is_committing = False
        try:
            with self.failures():
                async with contextlib.AsyncExitStack() as stack:
                    if self.is_sqlite:
                        await stack.enter_async_context(self._turn())
                    if self._file is not None:
                        self._file.check(now=True)
                    engine = self._short_writing_engine if is_short else self._writing_engine
                    session = await stack.enter_async_context(
                        AsyncSession(engine, expire_on_commit=False, info={VAULT: self.vault})
                    )
                    async with session.begin():
                        yield session
                        is_committing = True
        except BusyError as error:
            # SQLite tells when a commit fails; a server that went away in the middle of one does not.
            error.may_be_done = is_committing and not self.is_sqlite
            raise

    async def write_at_once(self, write: Callable[[Connection], T]) -> T:
        """Run a function in a write transaction, which commits when it returns and rolls back when it raises.

        For what consists of many small statements: on SQLite all of them run in one go in a thread of their own,
        where a session of `write` changes the thread twice for each. Never call it inside a session of `write`.

        Args:
            write: Blocks. It runs in another thread on SQLite, and changes nothing but the database.

        Raises:
            BusyError, DatabaseDamagedError: As `write` does.
        """
        engine = self._thread_engine
        if engine is None:
            async with self.write() as session:
                return await session.run_sync(lambda here: write(here.connection()))
        with self.failures():
            async with self._turn():
                if self._file is not None:
                    self._file.check(now=True)
                return await self._thread.run(lambda: _write_on(engine, write))

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._busy_timeout):
                await self._writer.acquire()
        except TimeoutError:
            raise BusyError(f"Another request kept writing for {self._busy_timeout:g} seconds.") from None
        try:
            yield
        finally:
            self._writer.release()

    @contextlib.contextmanager
    def failures(self) -> Iterator[None]:
        """Call what becomes of the database by its name, whatever the drivers raise.

        Raises:
            BusyError, DatabaseDamagedError: See `read` and `write`.
        """
        try:
            yield
        except PoolTimeoutError as error:
            raise BusyError("Every connection to the database is in use.") from error
        except (DBAPIError, sqlite3.Error) as error:
            if _is_locked(error):
                _logger.warning("The database stayed locked: %s", getattr(error, "orig", error))
                raise BusyError("The database is busy with another writer.") from error
            outage = outage_of(error)
            if outage is not None:
                raise DatabaseAwayError(outage) from error
            damage = damage_of(error)
            if damage is None:
                raise
            is_news, self._damage = self._damage != damage, damage
            raise DatabaseDamagedError(self.url.database or "", damage, is_news=is_news) from error

    @property
    def is_there(self) -> bool:
        """Whether the database is still what its path leads to; true for what is no SQLite file."""
        return self._file is None or self._file.is_there

    def make_private(self) -> None:
        """Take an SQLite file and its copies away from other users of the machine, once it is known to be ours."""
        if self._file is not None:
            self._file.make_private()

    async def close(self) -> None:
        """Close every connection; a `:memory:` database is gone then."""
        await self._reading_engine.dispose()
        await self._engine_here.dispose()
        await self._engine.dispose()
        self._thread.close()  # ends what was begun, before its connection goes
        if self._thread_engine is not None:
            self._thread_engine.dispose()
        if self._remove_folder is not None:
            self._remove_folder()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


ENGINE_OPTIONS: dict[str, Any] = {
    "json_serializer": lambda value: msgspec.json.encode(value).decode(),
    "json_deserializer": msgspec.json.decode,
    # An error that showed the values of a failed statement would show keys.
    "hide_parameters": True,
}


def _remove_own(folder: str, process_id: int) -> None:
    if os.getpid() == process_id:  # a fork that ends leaves it to the process that made it
        shutil.rmtree(folder, ignore_errors=True)


def _write_on(engine: Engine, write: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return write(connection)


def _is_locked(error: DBAPIError | sqlite3.Error) -> bool:
    text = str(getattr(error, "orig", error)).lower()
    return any(words in text for words in ("database is locked", "database table is locked", "lock timeout"))


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("elluminate_begin", "BEGIN"))


def _begin_reading(connection: Connection) -> None:
    """Begin by the driver alone, as `prepared.read_here` reads; this waits for nothing."""
    sqlite3.Cursor(cast(sqlite3.Connection, connection.connection.driver_connection)).execute("BEGIN")
