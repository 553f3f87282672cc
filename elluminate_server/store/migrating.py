"""Which version a database has, and bringing an older one to this version's tables."""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from elluminate_server.store.engine import Store

__all__ = ["SchemaVersionError", "migrate", "prepare"]

_logger = logging.getLogger("elluminate_server.store")

_SCRIPTS = Path(__file__).parent / "migrations"


class SchemaVersionError(RuntimeError):
    """The database does not have the tables of this version of elluminate; it was left as it is."""


async def prepare(store: Store) -> None:
    """Create the tables of an empty database, and check those of any other.

    Raises:
        SchemaVersionError: The database is older (`elluminate migrate` brings it up to date), newer, or not
            ours.
    """
    async with store.engine.begin() as connection:
        await connection.run_sync(_prepare)


async def migrate(store: Store) -> tuple[str | None, str]:
    """Bring an older database to this version's tables. One that is current stays as it is.

    Returns:
        The version before (None for an empty database) and the one now.

    Raises:
        SchemaVersionError: The database is newer, or not ours.
    """
    async with store.engine.begin() as connection:
        return await connection.run_sync(_migrate)


def _prepare(connection: Connection) -> None:
    script = _script()
    _one_at_a_time(connection)
    current = _current(connection, script)
    if current is None:
        _upgrade(connection)
    elif current != script.get_current_head():
        raise SchemaVersionError(
            f"The database has version {current}, this elluminate needs {script.get_current_head()}. "
            "Make a copy of it, then run `elluminate migrate`."
        )


def _migrate(connection: Connection) -> tuple[str | None, str]:
    script = _script()
    _one_at_a_time(connection)
    current = _current(connection, script)
    head = script.get_current_head() or ""
    if current != head:
        _upgrade(connection)
    return current, head


def _one_at_a_time(connection: Connection) -> None:
    # Two servers that start on one empty database: the second waits, then finds the tables. SQLite's
    # BEGIN IMMEDIATE has seen to that already.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(7310575)"))


def _current(connection: Connection, script: ScriptDirectory) -> str | None:
    """The database's version; None when it is empty."""
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        tables = inspect(connection).get_table_names()
        if set(tables) - {"alembic_version"}:
            raise SchemaVersionError(
                f"The database holds tables that elluminate did not make ({', '.join(sorted(tables)[:5])}). "
                "Give it a database of its own: set ELLUMINATE_DATABASE_URL."
            )
        return None
    known = {revision.revision for revision in script.walk_revisions()}
    if current not in known:
        raise SchemaVersionError(
            f"The database has version {current}, which this elluminate does not know: a newer one made it. "
            "Install that version, or set ELLUMINATE_DATABASE_URL to another database. Nothing was changed."
        )
    return current


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    _logger.info("The database has this version's tables now.")


def _config() -> Config:
    config = Config()
    # Percent signs of a path would be read as interpolation.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
