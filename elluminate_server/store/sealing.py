"""One secret in a database: sealed when it is stored, opened when it is used; and which key seals them all.

The first secret that is stored makes the row that says which secret key all of them are sealed with; it holds the
pepper of API keys, too. Who stores a secret reads that row in the same transaction, so that none is sealed with a key
that is being replaced.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.store.rows import fetch
from elluminate_server.store.secret_keys import SecretKey
from elluminate_server.store.tables import Base
from elluminate_server.store.vault import VAULT, Vault

__all__ = [
    "PEPPER",
    "SEALED",
    "THE_KEY",
    "OpenedSecrets",
    "add_with_secrets",
    "key_for_new",
    "make_pepper",
    "opened",
    "pepper_in",
    "pepper_of",
    "peppered",
]

T = TypeVar("T")

PEPPER = "pepper of API keys"

_SECRETS = Base.metadata.tables["server_secrets"]
_CONFIGS = Base.metadata.tables["llm_configs"]

SEALED: dict[Table, tuple[str, ...]] = {
    _SECRETS: ("value",),
    _CONFIGS: ("api_key", "custom_api_config"),
}
"""Every column whose values are sealed. A new one belongs here, too: a change of the key goes by this."""

THE_KEY = select(_SECRETS.c.id, _SECRETS.c.key_id, _SECRETS.c.value).where(_SECRETS.c.name == PEPPER)
"""The row that says which key it is."""


def vault_of(session: AsyncSession) -> Vault:
    """The vault of a session's database."""
    vault: Vault = session.info[VAULT]
    return vault


async def add_with_secrets(session: AsyncSession, row: Any) -> None:
    """Insert a row; its secrets are sealed, which takes its id."""
    table = row.__table__
    clear = {name: value for name in SEALED[table] if (value := getattr(row, name)) is not None}
    for name in clear:
        setattr(row, name, None)
    session.add(row)
    await session.flush()
    if clear:
        vault = vault_of(session)
        key = await _in(session, lambda connection: key_for_new(connection, vault))
        for name, value in clear.items():
            setattr(row, name, vault.seal(key, table, name, row.id, value))
        await session.flush()


class OpenedSecrets:
    """A row whose secrets are read in clear, each when it is asked for; everything else is the row's.

    Args:
        vault: Opens them.
        table: The row's table.
        row: The row, an entity or what was read of a table.
    """

    def __init__(self, vault: Vault, table: Table, row: Any) -> None:
        self._vault, self._table, self._row = vault, table, row

    def __repr__(self) -> str:
        return f"OpenedSecrets({self._table.name}, {self._row.id})"

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._row, name)
        if value is None or name not in SEALED[self._table]:
            return value
        return self._vault.open(self._table, name, self._row.id, value)


def opened(session: AsyncSession, row: Any) -> OpenedSecrets:
    """An LLM config whose secrets are read in clear.

    Raises (where a secret is read):
        UnreadableSecretError: It was changed, or copied from elsewhere.
    """
    return OpenedSecrets(vault_of(session), _CONFIGS, row)


async def pepper_of(session: AsyncSession) -> bytes | None:
    """What API keys are digested with; None where there is none yet."""
    vault = vault_of(session)
    if vault.pepper is None:
        for row in await fetch(session, THE_KEY):
            vault.pepper = pepper_in(vault, row)
    return vault.pepper


async def make_pepper(session: AsyncSession) -> bytes:
    """What API keys are digested with, in the transaction that stores one; the first one makes it."""
    vault = vault_of(session)
    if vault.pepper is None:
        await _in(session, lambda connection: key_for_new(connection, vault))
    pepper = await pepper_of(session)
    assert pepper is not None  # noqa: S101 - for the type checker: it was just made
    return pepper


def peppered(pepper: bytes, digest: str) -> str:
    """What is stored of an API key, of which this is the digest."""
    return hmac.new(pepper, digest.encode(), hashlib.sha256).hexdigest()


def key_for_new(connection: Connection, vault: Vault) -> SecretKey:
    """The key that secrets are sealed with, in the transaction that stores one; the first one makes it.

    Raises:
        SecretKeyError: It is not here.
    """
    row = connection.execute(THE_KEY.with_for_update(read=True)).one_or_none()
    if row is None and connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(7310576)"))
        row = connection.execute(THE_KEY).one_or_none()
    if row is not None:
        return vault.keys.find(row.key_id)
    key = vault.keys.first()
    made = connection.execute(
        _SECRETS.insert().values(name=PEPPER, key_id=key.id, value="").returning(_SECRETS.c.id)
    ).scalar_one()
    sealed = vault.seal(key, _SECRETS, "value", made, secrets.token_hex(32))
    connection.execute(update(_SECRETS).where(_SECRETS.c.id == made).values(value=sealed))
    return key


def pepper_in(vault: Vault, row: Any) -> bytes:
    return bytes.fromhex(vault.open(_SECRETS, "value", row.id, row.value))


async def _in(session: AsyncSession, function: Callable[[Connection], T]) -> T:
    return await session.run_sync(lambda here: function(here.connection()))
