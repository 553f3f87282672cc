"""Finds out before anything starts that an SQLite file cannot be used, and says so plainly."""

import contextlib
import os
import shlex
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.engine import make_url

from elluminate_server.settings import LOCAL_DATABASE, MEMORY, is_data_folder
from elluminate_server.store.failures import DatabaseDamagedError, damage_of
from elluminate_server.store.files import create_privately

__all__ = ["DatabaseUnusableError", "absent_file", "check_is_there", "probe", "wait_for_others"]

BUSY_SECONDS = 30.0
_PATIENT_SECONDS = 1.0
"""How long nothing is said of a wait: most writers are done by then."""
_AGAIN_SECONDS = 0.05


class DatabaseUnusableError(RuntimeError):
    """The database cannot be opened; the message says which, why, and what to do."""


def check_is_there(database_url: str) -> None:
    """Refuse an SQLite file that is not there, where nobody would mean to make one.

    Args:
        database_url: A URL of `settings.normalise_database_url`.

    Raises:
        DatabaseUnusableError: It is not there.
    """
    file = absent_file(database_url)
    if file is not None:
        beside = file.with_name(LOCAL_DATABASE)
        if is_data_folder(file.parent) and beside.exists():
            raise DatabaseUnusableError(
                f"There is no database {file}. What programs with local: made is in another one: say --database "
                f"{shlex.quote(str(beside))}"
            )
        raise DatabaseUnusableError(
            f"There is no database {file}. Correct the path; `elluminate serve` makes a new one."
        )


def absent_file(database_url: str) -> Path | None:
    """The file of an SQLite database that is not there; None for every other database.

    Args:
        database_url: A URL of `settings.normalise_database_url`, or `:memory:`.
    """
    if database_url == MEMORY:
        return None
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    file = Path(url.database).expanduser()
    return None if file.exists() else file


def probe(database_url: str) -> None:
    """Open an SQLite file once, making it when it is not there; nothing for other databases.

    A driver that fails in a thread of its own, in the middle of the start, can only fail with noise; a file that may
    not be written would fail at the first write. Of folders, only the user's data folder is made: any other that is
    not there was misspelt.

    Args:
        database_url: A URL of `settings.normalise_database_url`, or `:memory:`.

    Raises:
        DatabaseUnusableError: The file is no database, cannot be opened, made or written, or its folder is not there.
        DatabaseDamagedError: It is a database, but a damaged one.
    """
    if database_url == MEMORY:
        return
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        return
    path = Path(url.database).expanduser()
    _find_folder(path)
    try:
        create_privately(path)
        if not _may_write(path):
            raise _read_only(path)
        with contextlib.closing(
            sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        ) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            _begin_to_write(connection)
    except (OSError, sqlite3.Error) as error:
        damage = damage_of(error)
        if damage is not None and getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_NOTADB:
            raise DatabaseDamagedError(str(path), damage) from error
        raise _unusable(path, error) from error


def wait_for_others(database_url: str, tell: Callable[[str], None]) -> None:
    """Wait until nobody else keeps an SQLite file locked, and say so when it takes long; nothing for other databases.

    SQLite itself would wait without a word, and without hearing Ctrl-C.

    Args:
        database_url: A URL of `settings.normalise_database_url`, or `:memory:`.
        tell: Prints.

    Raises:
        DatabaseUnusableError: It stayed locked.
    """
    if database_url == MEMORY or absent_file(database_url) is not None:
        return
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        return
    path = Path(url.database).expanduser()
    by_whom = f"(lsof {shlex.quote(str(path))} names it)"
    began, is_told = time.monotonic(), False
    while _is_locked(path):
        waited = time.monotonic() - began
        if waited > BUSY_SECONDS:
            raise DatabaseUnusableError(
                f"The database {path} stayed locked for {BUSY_SECONDS:g} seconds. End the program that has locked it "
                f"{by_whom}, and try again."
            )
        if waited > _PATIENT_SECONDS and not is_told:
            is_told = True
            tell(
                f"elluminate waits for the database {path}, which another program has locked, for "
                f"{BUSY_SECONDS:g} seconds at most. It goes on as soon as that program is done or ended {by_whom}; "
                "Ctrl-C ends the wait."
            )
        time.sleep(_AGAIN_SECONDS)


def _is_locked(path: Path) -> bool:
    """Whether somebody else writes, or holds the file; whatever else is wrong with it is `probe`'s to say."""
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
    return False


def _find_folder(path: Path) -> None:
    folder = path.parent
    ours = is_data_folder(folder)
    try:
        if ours:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.name == "posix" and folder.stat().st_mode & 0o077:
                folder.chmod(0o700)
    except OSError as error:
        raise _unusable(path, error) from error
    if not folder.is_dir():
        raise DatabaseUnusableError(
            f"The database {path} cannot be made: there is no folder {folder}. Correct the path, or make the folder "
            "first."
        )


def _may_write(path: Path) -> bool:
    # Before SQLite opens it: it would put files beside it that are as read-only, and stay.
    if os.access in os.supports_effective_ids:
        return os.access(path, os.W_OK, effective_ids=True)
    return os.access(path, os.W_OK)


def _begin_to_write(connection: sqlite3.Connection) -> None:
    """Change something and take it back: SQLite begins a transaction in a read-only file, too."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("BEGIN IMMEDIATE")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {int(version)}")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if (
            error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY
        ):  # who is kept waiting by a writer could write
            raise


def _unusable(path: Path, error: OSError | sqlite3.Error) -> DatabaseUnusableError:
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF == sqlite3.SQLITE_READONLY:
        return _read_only(path)
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return DatabaseUnusableError(
        f"The database {path} cannot be opened: {reason}. Give the path of an SQLite file that this user may write, or "
        "of one that is not there yet."
    )


def _read_only(path: Path) -> DatabaseUnusableError:
    return DatabaseUnusableError(
        f"The database {path} is not this user's to write. Make it writable (chmod u+w, also for {path.name}-wal and "
        f"{path.name}-shm where they are there), start as the user that it belongs to, or give another path."
    )
