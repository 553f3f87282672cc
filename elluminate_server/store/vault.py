"""Sealing secrets and opening them again: AES-256-GCM, each bound to the place where it is stored.

A sealed secret says which way it was sealed, and with which key: `sealed:1:KEY ID:BASE64(nonce, ciphertext and tag)`.
The place is authenticated with it: in another row or column it cannot be opened.
"""

import base64
import os
from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import JSON, Table

from elluminate_server.store.secret_keys import SecretKey, SecretKeyError, SecretKeys

__all__ = ["VAULT", "Sealed", "UnreadableSecretError", "Vault", "is_sealed"]

VAULT = "elluminate_vault"
"""In a session's `info`: the vault of its database."""

_FORM = "sealed:1:"
_NONCE_BYTES = 12
_FIELD = "sealed"
"""What a column of JSON has its sealed value in."""

Sealed: TypeAlias = str | Mapping[str, str]
"""A sealed value as its column stores it."""


class UnreadableSecretError(SecretKeyError):
    """A secret was changed, or moved from another place."""

    def __init__(self, table: Table, column: str, row_id: int) -> None:
        message = (
            f"What is stored as {column} in row {row_id} of {table.name} was not sealed for that place: it was "
            "changed, or copied from elsewhere. Make that one anew, with its secret."
        )
        super().__init__(message, told=message)


class Vault:
    """Seals and opens the secrets of one database.

    Attributes:
        keys: The keys to do so.
        pepper: What API keys are digested with, once it was read.
    """

    def __init__(self, keys: SecretKeys) -> None:
        self.keys = keys
        self.pepper: bytes | None = None

    def seal(self, key: SecretKey, table: Table, column: str, row_id: int, clear: Any) -> Sealed:
        """A value of a column, as it is stored.

        Args:
            key: The key.
            table: Where it is stored.
            column: In which column: of text or JSON.
            row_id: In which row.
            clear: The value.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        content = clear.encode() if isinstance(clear, str) else msgspec.json.encode(clear)
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(key.bits).encrypt(nonce, content, _place(key.id, table, column, row_id))
        text = f"{_FORM}{key.id}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"
        kind = table.c[column].type
        if isinstance(kind, JSON):
            return {_FIELD: text}
        return text

    def open(self, table: Table, column: str, row_id: int, stored: Sealed) -> Any:
        """The value that was sealed: a text, or what was read as JSON.

        Raises:
            UnreadableSecretError: It cannot be opened in this place.
            SecretKeyError: Its key is not here.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if not is_sealed(stored):
            raise UnreadableSecretError(table, column, row_id)
        key_id, _, content = _text_of(stored).removeprefix(_FORM).partition(":")
        try:
            whole = base64.b64decode(content, altchars=b"-_", validate=True)
            clear = AESGCM(self.keys.find(key_id).bits).decrypt(
                whole[:_NONCE_BYTES], whole[_NONCE_BYTES:], _place(key_id, table, column, row_id)
            )
        except (ValueError, InvalidTag):
            raise UnreadableSecretError(table, column, row_id) from None
        kind = table.c[column].type
        if isinstance(kind, JSON):
            return msgspec.json.decode(clear)
        return clear.decode()


def is_sealed(stored: Any) -> bool:
    """Whether a value has the form of a sealed one."""
    return _text_of(stored).startswith(_FORM)


def _text_of(stored: Any) -> str:
    if isinstance(stored, Mapping):
        stored = stored.get(_FIELD) if len(stored) == 1 else None
    return stored if isinstance(stored, str) else ""


def _place(key_id: str, table: Table, column: str, row_id: int) -> bytes:
    return f"{_FORM}{key_id}:{table.name}.{column}:{row_id}".encode()
