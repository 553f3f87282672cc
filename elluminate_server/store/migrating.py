"""Which version a database has, and bringing an older one to this version's tables."""

import asyncio
import contextlib
import datetime
import functools
import logging
import shlex
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from sqlalchemy import Connection, column, inspect, select, table, text

from elluminate_server.store import new_database
from elluminate_server.store.engine import Store
from elluminate_server.store.files import create_privately
from elluminate_server.store.shrinking import make_shrinkable
from elluminate_server.store.tables import Base
from elluminate_server.store.unlocking import seal_copy, unlock
from elluminate_server.store.vault import Vault

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["Migration", "SchemaVersionError", "migrate", "prepare", "run_all"]

_logger = logging.getLogger("elluminate_server.store")

_SCRIPTS = Path(__file__).parent / "migrations"
_VERSION = table("alembic_version", column("version_num"))
"""Alembic's."""


class SchemaVersionError(RuntimeError):
    """The database does not have the tables of this version of elluminate; it was left as it is."""


@attrs.frozen
class Migration:
    """What `migrate` did.

    Attributes:
        before: The version before; None for an empty database.
        now: The version now.
        backup: The copy of the older database that was made first; None when nothing was upgraded, and for
            databases that are not an SQLite file.
    """

    before: str | None
    now: str
    backup: Path | None = None


async def prepare(store: Store, *, upgrade: bool = False, unlocks: bool = True) -> None:
    """Create the tables of an empty database, check those of any other, and that its secrets can be opened.

    Args:
        store: The database.
        upgrade: Bring an older database up to date, after a copy, instead of refusing it.
        unlocks: Whether its secrets are needed.

    Raises:
        SecretKeyError: The secret key is not here that its secrets are sealed with.
        SchemaVersionError: The database is older (`elluminate migrate` brings it up to date), newer, or not
            ours.
        DatabaseDamagedError: It cannot be read.
    """
    older = await store.write_at_once(_prepare)
    if older is None:
        store.make_private()
        if unlocks:
            await unlock(store)
        return
    if not upgrade:
        raise SchemaVersionError(
            f"The database has version {older}, this elluminate needs {_head()}. "
            f"Stop the servers that use it, then run `elluminate migrate{_option(store)}`."
        )
    done = await migrate(store)
    _logger.warning(
        "The database had version %s and has %s now. A copy of the older one is in %s.",
        *(done.before, done.now, done.backup),
    )


def _option(store: Store) -> str:
    """Which database a command is for; of others than files it is in the environment, with a password maybe."""
    file = store.url.database if store.is_sqlite else None
    return f" --database {shlex.quote(file)}" if file else ""


async def migrate(store: Store) -> Migration:
    """Bring an older database to this version's tables. One that is current stays as it is.

    An SQLite file is copied first, to a file beside it whose name ends in its version, the time and `.backup`. One
    that cannot give its free pages back is rewritten, so that it can. Providers' keys that an older version stored in
    clear are sealed, in the copy too.

    Raises:
        SecretKeyError: The secret key is not here that its secrets are sealed with, or a new one cannot be kept.
        SchemaVersionError: The database is newer, or not ours.
        DatabaseDamagedError: It cannot be read.
        OSError, sqlite3.Error: There is no room for the copy, say. Nothing was changed.
    """
    with store.failures():
        async with store.engine.begin() as connection:
            before = await connection.run_sync(_version)
        backup: Path | None = None
        if before not in (None, _head()) and store.is_sqlite and store.url.database:
            backup = await asyncio.to_thread(_back_up, store.url.database, f"{before}", store.vault)
        async with store.engine.begin() as connection:
            now = await connection.run_sync(_migrate)
        if store.is_sqlite and store.url.database:
            await asyncio.to_thread(_make_shrinkable, store.url.database)
    store.make_private()
    await unlock(store)
    return Migration(before, now, backup)


def _make_shrinkable(file: str) -> None:
    try:
        make_shrinkable(Path(file).expanduser())
    except sqlite3.Error as error:
        _logger.warning(
            "The database stays as large as it ever was, because it could not be rewritten (%s): what is deleted makes "
            "room in it for what is new. Run `elluminate migrate` again when there is room for a second one.",
            error,
        )


def _prepare(connection: Connection) -> str | None:
    """Its version, if the database is older; None when it is ready."""
    current = _version(connection)
    if current is None:
        _create(connection, _head())
        return None
    if current != _head():
        return current
    _check_columns(connection)
    return None


def _migrate(connection: Connection) -> str:
    head = _head()
    before = _version(connection)
    if before is None:
        _create(connection, head)
    elif before != head:
        _upgrade(connection)
    _check_columns(connection)
    return head


def _version(connection: Connection) -> str | None:
    _one_at_a_time(connection)
    return _current(connection)


def _check_columns(connection: Connection) -> None:
    """A database that says this version and lacks a column would fail later, in the middle of something."""
    found = inspect(connection).get_multi_columns()
    lacking = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name not in {existing["name"] for existing in found.get((None, table.name), ())}
    ]
    if lacking:
        raise SchemaVersionError(
            f"The database says that it has this version's tables, but lacks {', '.join(lacking[:5])}"
            f"{' and more' if len(lacking) > 5 else ''}: something else changed it. "
            "Restore a backup, or set ELLUMINATE_DATABASE_URL to another database. Nothing was changed."
        )


def _back_up(file: str, version: str, vault: Vault) -> Path:
    database = Path(file).expanduser()
    now = datetime.datetime.now(datetime.UTC)
    backup = database.with_name(f"{database.name}.{version}-{now:%Y%m%dT%H%M%S%fZ}.backup")
    unfinished = backup.with_suffix(".unfinished")
    try:
        create_privately(unfinished)
        with (
            contextlib.closing(sqlite3.connect(database)) as source,
            contextlib.closing(sqlite3.connect(unfinished)) as copy,
        ):
            source.backup(copy)
        seal_copy(unfinished, vault)
        unfinished.replace(backup)
    finally:
        unfinished.unlink(missing_ok=True)
    return backup


def _one_at_a_time(connection: Connection) -> None:
    # Two servers that start on one empty database: the second waits, then finds the tables. SQLite's
    # BEGIN IMMEDIATE has seen to that already.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(7310575)"))


def _current(connection: Connection) -> str | None:
    """The database's version; None when it is empty."""
    tables, current = set(inspect(connection).get_table_names()), None
    if _VERSION.name in tables:
        current = connection.scalar(select(_VERSION.c.version_num))
    if current is None:
        if tables - {_VERSION.name}:
            raise SchemaVersionError(
                f"The database holds tables that elluminate did not make ({', '.join(sorted(tables)[:5])}). "
                "Give it a database of its own: set ELLUMINATE_DATABASE_URL."
            )
        return None
    if current not in _versions():
        raise SchemaVersionError(
            f"The database has version {current}, which this elluminate does not know: a newer one made it. "
            "Install that version, or set ELLUMINATE_DATABASE_URL to another database. Nothing was changed."
        )
    return str(current)


def _create(connection: Connection, head: str) -> None:
    """The tables of an empty database."""
    if not new_database.create(connection, head):
        _upgrade(connection)


def run_all(connection: Connection) -> str:
    """Run every migration on an empty database, one after the other; the version that it has then."""
    _upgrade(connection)
    return _head()


def _upgrade(connection: Connection) -> None:
    # Only here: a server that has nothing to upgrade starts without it, a tenth sooner.
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    _logger.info("The database has this version's tables now.")


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    # Percent signs of a path would be read as interpolation.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _head() -> str:
    return _versions()[-1]


def _versions() -> Sequence[str]:
    """Those that there are migrations to, the oldest first."""
    return _versions_in(_SCRIPTS)


@functools.cache
def _versions_in(folder: Path) -> Sequence[str]:
    """What the names of their files begin with."""
    return sorted(path.name[:4] for path in (folder / "versions").glob("[0-9]*.py"))
