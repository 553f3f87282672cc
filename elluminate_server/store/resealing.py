"""All secrets of a database at once: sealed where an older version stored them, sealed anew, or given up.

Each is one transaction. What SQLite leaves of the old values in its file is rewritten afterwards, and a row says so
until it is done.
"""

import zlib

import attrs
from sqlalchemy import Connection, Table, false, inspect, select, update

from elluminate_server.store.columns import utc_now
from elluminate_server.store.sealing import PEPPER, SEALED, THE_KEY, key_for_new, pepper_in, peppered
from elluminate_server.store.secret_keys import SecretKey
from elluminate_server.store.tables import Base
from elluminate_server.store.vault import Vault, is_sealed

__all__ = [
    "Rotated",
    "forget",
    "has_clear_secrets",
    "has_remains",
    "remains_are_gone",
    "reseal",
    "seal_all",
    "seal_configs",
    "sealed_with",
]

_SECRETS = Base.metadata.tables["server_secrets"]
_CONFIGS = Base.metadata.tables["llm_configs"]
_API_KEYS = Base.metadata.tables["api_keys"]
_ANSWERS = Base.metadata.tables["idempotency_keys"]

_REMAINS = "remains in the file"
"""Name of the row that says that the file is to be rewritten."""

_OPEN_ANSWER = b'"custom_api_config":{'


@attrs.frozen
class Rotated:
    """What a change of the secret key did.

    Attributes:
        before: Id of the key before; None where nothing was sealed.
        now: Id of the key now.
    """

    before: str | None
    now: str | None


def sealed_with(connection: Connection) -> str | None:
    """Id of the key that the secrets are sealed with; None where there are none."""
    row = connection.execute(THE_KEY).one_or_none()
    return None if row is None else str(row.key_id)


def has_clear_secrets(connection: Connection) -> bool:
    """Whether a database that has no sealed secrets has others: an older version stored them."""
    there = (
        select(_CONFIGS.c.id).where(
            _CONFIGS.c.api_key.is_not(None) | _CONFIGS.c.custom_api_config.is_not(None)
        ),
        select(_API_KEYS.c.id),
    )
    return any(connection.execute(query.limit(1)).first() is not None for query in there)


def seal_all(connection: Connection, vault: Vault) -> None:
    """Seal what an older version stored in clear, and pepper its digests of API keys.

    Raises:
        SecretKeyError: A new secret key cannot be kept.
    """
    key = key_for_new(connection, vault)
    pepper = pepper_in(vault, connection.execute(THE_KEY).one())
    seal_configs(connection, vault, key)
    for row in connection.execute(select(_API_KEYS.c.id, _API_KEYS.c.digest)).all():
        changed = update(_API_KEYS).where(_API_KEYS.c.id == row.id)
        connection.execute(changed.values(digest=peppered(pepper, row.digest)))
    _note_remains(connection)


def seal_configs(connection: Connection, vault: Vault, key: SecretKey) -> int:
    """Seal what LLM configs have in clear, and forget answers that show it; says of how many configs.

    A copy of an older database that is put back has them sealed already.
    """
    columns = SEALED[_CONFIGS]
    count = 0
    for row in connection.execute(select(_CONFIGS.c.id, *(_CONFIGS.c[name] for name in columns))).all():
        clear = {name: value for name in columns if (value := getattr(row, name)) is not None}
        sealed = {
            name: vault.seal(key, _CONFIGS, name, row.id, value)
            for name, value in clear.items()
            if not is_sealed(value)
        }
        if sealed:
            connection.execute(update(_CONFIGS).where(_CONFIGS.c.id == row.id).values(**sealed))
            count += 1
    return count + _forget_answers(connection)


def _forget_answers(connection: Connection) -> int:
    """Delete answers to repeated requests that show what is sealed from now on."""
    there = {column["name"] for column in inspect(connection).get_columns("idempotency_keys")}
    is_packed = _ANSWERS.c.is_compressed if "is_compressed" in there else false()
    found = connection.execute(select(_ANSWERS.c.id, _ANSWERS.c.body, is_packed.label("is_packed")))
    telling = [
        row.id
        for row in found
        if _OPEN_ANSWER in (zlib.decompress(row.body) if row.is_packed else bytes(row.body))
    ]
    for answer_id in telling:
        connection.execute(_ANSWERS.delete().where(_ANSWERS.c.id == answer_id))
    return len(telling)


def reseal(connection: Connection, vault: Vault) -> Rotated:
    """Seal everything with another key: the first one of the setting, or a new one, which its file has from then on.

    Raises:
        SecretKeyError: A key is not here, or cannot be kept; nothing was changed.
        UnreadableSecretError: A secret cannot be opened; nothing was changed.
    """
    row = connection.execute(THE_KEY.with_for_update()).one_or_none()
    if row is None:
        return Rotated(None, None)
    vault.keys.find(row.key_id)
    key = vault.keys.first() if vault.keys.is_given else vault.keys.make()
    if key.id != row.key_id:
        for table, columns in SEALED.items():
            for column in columns:
                _reseal_column(connection, vault, key, table, column)
        connection.execute(update(_SECRETS).where(_SECRETS.c.name == PEPPER).values(key_id=key.id))
        _note_remains(connection)
    return Rotated(row.key_id, key.id)


def _reseal_column(connection: Connection, vault: Vault, key: SecretKey, table: Table, column: str) -> None:
    there = select(table.c.id, table.c[column]).where(table.c[column].is_not(None))
    for row_id, stored in connection.execute(there).all():
        clear = vault.open(table, column, row_id, stored)
        sealed = vault.seal(key, table, column, row_id, clear)
        connection.execute(update(table).where(table.c.id == row_id).values({column: sealed}))


def forget(connection: Connection, vault: Vault) -> Rotated:
    """Drop all that is sealed, and revoke the API keys, which open nothing without the pepper."""
    before = sealed_with(connection)
    for table, columns in SEALED.items():
        if table.name != _SECRETS.name:
            connection.execute(update(table).values(dict.fromkeys(columns)))
    connection.execute(_SECRETS.delete())
    connection.execute(update(_API_KEYS).where(_API_KEYS.c.revoked_at.is_(None)).values(revoked_at=utc_now()))
    vault.pepper = None
    key = key_for_new(connection, vault)
    _note_remains(connection)
    return Rotated(before, key.id)


def has_remains(connection: Connection) -> bool:
    """Whether the file is to be rewritten."""
    query = select(_SECRETS.c.id).where(_SECRETS.c.name == _REMAINS)
    return connection.execute(query).first() is not None


def remains_are_gone(connection: Connection) -> None:
    """Note that the file was rewritten."""
    connection.execute(_SECRETS.delete().where(_SECRETS.c.name == _REMAINS))


def _note_remains(connection: Connection) -> None:
    if connection.dialect.name == "sqlite" and not has_remains(connection):
        connection.execute(_SECRETS.insert().values(name=_REMAINS, key_id=""))
