"""A database's secrets at its opening: whether they can be read, sealed where they were not, and another key for all.

A key is in its file before anything is sealed with it, and leaves the file after nothing is any more, so that at every
moment the file opens what the database holds.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, NullPool, create_engine, inspect, text

from elluminate_server.store.engine import BUSY_TIMEOUT, ENGINE_OPTIONS, Store
from elluminate_server.store.resealing import (
    Rotated,
    forget,
    has_clear_secrets,
    has_remains,
    remains_are_gone,
    reseal,
    seal_all,
    seal_configs,
    sealed_with,
)
from elluminate_server.store.sealing import THE_KEY
from elluminate_server.store.vault import Vault

__all__ = ["change_key", "seal_copy", "unlock"]

_logger = logging.getLogger("elluminate_server.store")

T = TypeVar("T")


async def unlock(store: Store) -> None:
    """Make sure that the secrets of a database can be opened, and seal what an older version stored in clear.

    Raises:
        SecretKeyError: Their key is not here, or a new one cannot be kept.
    """
    async with store.read() as session:
        key_id, is_clear = await session.run_sync(lambda here: _look(here.connection()))
    if key_id is not None:
        store.vault.keys.find(key_id)
    if is_clear:
        await _write(store, _seal)
    await _rewrite(store)


async def change_key(store: Store, *, is_lost: bool = False) -> Rotated:
    """Seal everything with another key; a kill at any moment leaves a database that opens.

    Args:
        store: The database; its tables are this version's.
        is_lost: Whether the key is lost: what is sealed is dropped then.

    Raises:
        SecretKeyError: A key is not here, or cannot be kept; or a secret cannot be opened. Nothing was changed.
    """
    done = await _write(store, forget if is_lost else reseal)
    await _write(store, _keep_only_its_key)
    await _rewrite(store)
    return done


def seal_copy(file: Path, vault: Vault) -> None:
    """Seal the providers' keys in a copy of an older database, so that none is left in it, nor in its free pages.

    Put back, it is upgraded as any other, with its keys. (An older version does not know what is sealed: there they
    have to be entered again.)

    Raises:
        SecretKeyError: A new secret key cannot be kept.
    """
    engine = create_engine(f"sqlite:///{file.as_posix()}", poolclass=NullPool, **ENGINE_OPTIONS)
    try:
        with engine.begin() as connection:
            if inspect(connection).has_table("server_secrets") or not _had_configs(connection):
                return
            seal_configs(connection, vault, vault.keys.first())
    finally:
        engine.dispose()
    _vacuum(file)


def _had_configs(connection: Connection) -> bool:
    query = text("SELECT 1 FROM sqlite_sequence WHERE name = 'llm_configs'")
    return connection.execute(query).first() is not None


def _look(connection: Connection) -> tuple[str | None, bool]:
    key_id = sealed_with(connection)
    return key_id, key_id is None and has_clear_secrets(connection)


def _seal(connection: Connection, vault: Vault) -> None:
    if sealed_with(connection) is None:  # else another process did it meanwhile
        seal_all(connection, vault)


def _keep_only_its_key(connection: Connection, vault: Vault) -> None:
    # Locked: another change of the key, whose key is in the file and not yet in the database, is waited for.
    row = connection.execute(THE_KEY.with_for_update()).one_or_none()
    if row is not None:
        vault.keys.keep_only(vault.keys.find(row.key_id))


async def _write(store: Store, change: Callable[[Connection, Vault], T]) -> T:
    async with store.write() as session:
        return await session.run_sync(lambda here: change(here.connection(), store.vault))


async def _rewrite(store: Store) -> None:
    """Rewrite an SQLite file in which something is left that was in clear, or sealed with another key."""
    async with store.read() as session:
        is_due = await session.run_sync(lambda here: has_remains(here.connection()))
    if not is_due:
        return
    try:
        await asyncio.to_thread(_vacuum, Path(store.url.database or ""))
    except sqlite3.Error as error:
        _logger.warning(
            "Remains of secrets may be left in free pages of the database's file, which could not be rewritten (%s): "
            "that is tried again at the next start.",
            error,
        )
        return
    await _write(store, lambda connection, _vault: remains_are_gone(connection))


def _vacuum(file: Path) -> None:
    with contextlib.closing(
        sqlite3.connect(file.expanduser(), timeout=BUSY_TIMEOUT, isolation_level=None)
    ) as connection:
        connection.execute("VACUUM")
        is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise sqlite3.OperationalError("others are reading it")
