"""What generated models and request builders share: unset values, open enums, operations and requests."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Generic, TypeVar

from attrs import field, fields, frozen, has
from msgspec import UNSET
from msgspec import UnsetType as Unset

T = TypeVar("T")


class OpenEnum(StrEnum):
    """An enum that keeps a value it does not know, so that a newer server does not break an older client."""

    @classmethod
    def _missing_(cls, value: object) -> OpenEnum | None:
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = value
        unknown._value_ = value
        return unknown

    @property
    def is_known(self) -> bool:
        """False for a value that the contract this code was generated from does not list."""
        return self._name_ in type(self).__members__


@frozen
class File:
    """One file of a multipart form."""

    payload: bytes = field(repr=False)
    file_name: str
    content_type: str


@frozen
class Operation(Generic[T]):
    """One operation of the contract, as data.

    `success` is what a 2xx answer decodes into (None: the body is ignored). `repeatable` says whether a
    request may be repeated after a failure that leaves open whether the server acted: by its method
    (RFC 9110, 9.2.2), or by `x-repeatable` of its body.
    """

    id: str
    method: str
    path: str
    status: int
    success: Any
    media_type: str | None = "application/json"
    repeatable: bool = False


@frozen
class Request(Generic[T]):
    """One request, ready to be sent: an operation, its filled-in path, its query and its body."""

    operation: Operation[T]
    path: str
    query: list[tuple[str, str]] = field(factory=list)
    body: Any = UNSET


LONGEST_REPR = 200
"""Characters that a model's `repr` has at most: a line of a prompt, a log or a notebook."""
_LONGEST_VALUE = 60


def one_line(self: Any) -> str:
    """The `repr` of every model: id and name first, then what fits into a line; nested things by their size."""
    names = [attribute.name for attribute in fields(type(self)) if attribute.repr]
    names.sort(key=lambda name: (name != "id", name != "name"))
    kind = type(self).__name__
    shown = ""
    for name in names:
        value = getattr(self, name)
        if value is None or value is UNSET or value == "":
            continue
        part = f"{', ' if shown else ''}{name}={_short(value)}"
        if len(kind) + len(shown) + len(part) > LONGEST_REPR - len("(, ...)"):
            return f"{kind}({shown}{', ' if shown else ''}...)"
        shown += part
    return f"{kind}({shown})"


def _short(value: Any) -> str:
    if has(type(value)):
        number = getattr(value, "id", None)
        return f"{type(value).__name__}({'...' if number is None else f'id={number}'})"
    if isinstance(value, (list, tuple, set, frozenset, dict)) and value:
        return f"<{len(value)} {'item' if len(value) == 1 else 'items'}>"
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="seconds")
    text = repr(str(value) if isinstance(value, str) else value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 4]}...{text[-1]}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    return str(value)


def encode_query(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Turn query parameters into pairs: lists repeat their key, unset and null values are left out."""
    pairs: list[tuple[str, str]] = []
    for key, value in values.items():
        if value is UNSET or value is None:
            continue
        if isinstance(value, Iterable) and not isinstance(value, str):
            pairs.extend((key, _text(item)) for item in value)
        else:
            pairs.append((key, _text(value)))
    return pairs


__all__ = ["UNSET", "File", "OpenEnum", "Operation", "Request", "Unset", "encode_query", "one_line"]
