"""Copies of an SQLite database, made while servers use it."""

import contextlib
import os
import sqlite3
import tempfile
import time
from pathlib import Path

import attrs

__all__ = ["Backup", "BackupError", "back_up"]

PAGES_AT_ONCE = 2048
"""Some 8 MB, between which others have the disk."""

_BUSY_SECONDS = 30.0


class BackupError(RuntimeError):
    """No copy was made; the message says why and what to do."""


@attrs.frozen
class Backup:
    """A copy that was made.

    Attributes:
        file: Where it is.
        size: Its bytes.
        seconds: How long it took.
        has_secrets: Whether secrets are in it, which are sealed.
    """

    file: Path
    size: int
    seconds: float
    has_secrets: bool


def back_up(database: Path, target: Path) -> Backup:
    """Copy an SQLite database as it is now, whoever writes to it meanwhile, and check the copy.

    The copy appears when it is whole. Its owner alone may read it.

    Args:
        database: Its file.
        target: Where the copy goes; nothing may be there.

    Raises:
        BackupError: There is something already, or no folder; the database cannot be read, or the copy not written.
    """
    if os.path.lexists(target):
        what = "a folder" if target.is_dir() else "a file"
        raise BackupError(
            f"There is {what} {target} already, and nothing is overwritten. Name a file that is new."
        )
    if not target.absolute().parent.is_dir():
        raise BackupError(
            f"There is no folder {target.absolute().parent}. Correct the path, or make it first."
        )
    began = time.monotonic()
    unfinished: Path | None = None
    try:
        # Readable by its owner alone, from the beginning.
        number, name = tempfile.mkstemp(
            prefix=f"{target.name}.", suffix=".unfinished", dir=target.absolute().parent
        )
        os.close(number)
        unfinished = Path(name)
        has_secrets = _copy(database, unfinished)
        _publish(unfinished, target)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"The database {database} was not copied to {target}: {error}.") from error
    finally:
        if unfinished is not None:
            for rest in ("", "-journal", "-wal", "-shm"):
                unfinished.with_name(unfinished.name + rest).unlink(missing_ok=True)
    return Backup(target, target.stat().st_size, time.monotonic() - began, has_secrets)


def _copy(database: Path, unfinished: Path) -> bool:
    with (
        contextlib.closing(_opened(database.absolute().as_uri() + "?mode=ro")) as source,
        contextlib.closing(_opened(unfinished.as_uri())) as copy,
    ):
        # What is read is the state of now, to the end: a copy that began anew with each write of others, as SQLite
        # would have it, might never be whole.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        source.backup(copy, pages=PAGES_AT_ONCE)
        source.execute("ROLLBACK")
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(f"the copy is damaged, and so may be the database ({found})")
        is_sealed = copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'server_secrets'").fetchone()
        return bool(is_sealed and copy.execute("SELECT 1 FROM server_secrets LIMIT 1").fetchone())


def _opened(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)


def _publish(unfinished: Path, target: Path) -> None:
    """Give the file its name, which nothing got meanwhile, once it is on the disk."""
    with unfinished.open("rb+") as written:
        os.fsync(written.fileno())
    if os.name == "nt":
        unfinished.rename(target)  # which overwrites nothing there
        return
    try:
        target.hardlink_to(unfinished)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(target):
            raise
        unfinished.rename(target)
