"""What generated models and request builders share: unset values, open enums, operations and requests."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Generic, TypeVar

from attrs import Factory, field, fields, frozen, has
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
_MOST_BITS = 190
"""Of a number that is written out: about as many digits as a value has characters."""
_CREDENTIALS = re.compile(r"(://)[^/?#\s@]*@")
"""What stands before the host in an address."""


def one_line(self: Any) -> str:
    """The `repr` of every model: what tells most, as far as it fits into a line; whatever the model holds.

    Id and name come first, then numbers and short texts, other models, what is long or holds many, and moments. What is as it is by default is
    left out.
    """
    told = [
        (attribute.name, getattr(self, attribute.name, None))
        for attribute in fields(type(self))
        if attribute.repr and not _is_usual(getattr(self, attribute.name, None), attribute.default)
    ]
    told.sort(key=lambda pair: (pair[0] != "id", pair[0] != "name", _rank(pair[1])))
    kind = type(self).__name__
    shown = ""
    for name, value in told:
        part = f"{', ' if shown else ''}{name}={_short(value)}"
        if len(kind) + len(shown) + len(part) > LONGEST_REPR - len("(, ...)"):
            return f"{kind}({shown}{', ' if shown else ''}...)"
        shown += part
    return f"{kind}({shown})"


def _is_usual(value: Any, default: Any) -> bool:
    """Whether a value says nothing: it is empty, or what the field has without one."""
    if value is None or value is UNSET or (isinstance(value, str) and not value):
        return True
    if isinstance(default, Factory):  # type: ignore[arg-type]
        return isinstance(value, (list, tuple, set, frozenset, dict)) and not value
    return type(value) is type(default) and isinstance(value, (str, int, float)) and bool(value == default)


def _rank(value: Any) -> int:
    """Where a value stands: what is short and says something first, moments last."""
    if isinstance(value, (int, float)) or (isinstance(value, str) and len(value) <= _LONGEST_VALUE):
        return 0
    if isinstance(value, datetime.date):
        return 3
    return 2 if isinstance(value, (str, list, tuple, set, frozenset, dict)) else 1


def _short(value: Any) -> str:
    """The beginning of a value's `repr`, in one line and without what a terminal would obey."""
    if isinstance(value, (list, tuple, set, frozenset, dict)) and value:
        return f"<{len(value)} {'item' if len(value) == 1 else 'items'}>"
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:  # Python refuses to write much longer ones
        return f"<a number of about {round(value.bit_length() * 0.30103)} digits>"
    try:
        text = _text_of(value)
    except Exception:  # noqa: BLE001  # the model was made by hand, of something that cannot be shown
        text = f"<{type(value).__name__}>"
    closing = text[-1:]
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: _LONGEST_VALUE + 1])
    if len(text) <= _LONGEST_VALUE:
        return text
    return f"{text[: _LONGEST_VALUE - 4]}...{closing if closing.isprintable() else ''}"


def _text_of(value: Any) -> str:
    if has(type(value)):
        number = getattr(value, "id", None)
        return f"{type(value).__name__}({f'id={number}' if isinstance(number, int) else '...'})"
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, str):
        return repr(_CREDENTIALS.sub(r"\1***@", str(value)[: 2 * LONGEST_REPR]))
    return repr(value)


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
