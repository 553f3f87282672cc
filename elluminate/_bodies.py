"""Request bodies: from models and rows to the bytes that are sent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
from attrs import asdict, field, frozen, has
from elluminate_api.types import UNSET, File, Request

from elluminate._checks import explained, refuse_twins, too_deep
from elluminate._showing import quoted
from elluminate.exceptions import ValidationError


@frozen
class Body:
    """A request's body as arguments of the HTTP library; not shown, as it may hold a provider's key."""

    arguments: dict[str, Any] = field(factory=dict, repr=False)


def body_of(request: Request[Any]) -> Body:
    """A request's body, ready to be sent.

    Raises:
        ValidationError: Something in it has no JSON form, or is not what the contract allows there.
    """
    if request.body is UNSET:
        return Body()
    if request.operation.media_type == "multipart/form-data":
        files = {
            name: (value.file_name, value.payload, value.content_type)
            for name, value in asdict(request.body, recurse=False).items()
            if isinstance(value, File)
        }
        return Body({"files": files})
    for name, value in asdict(request.body, recurse=False).items():
        if isinstance(value, bytes | bytearray):  # they would be sent as base64, without a word
            raise ValidationError(f"{name} is bytes, and has to be text; decode it: {quoted(value)}")
        if isinstance(value, Mapping | list | tuple):
            refuse_twins(value, name)
    encoded = to_json(request.body)
    _refuse_broken(encoded, type(request.body))
    return Body({"content": encoded})


def to_json(value: Any, where: str = "") -> bytes:
    """JSON of a request, or of a part of one.

    Args:
        value: The request's body, or a mapping.
        where: Which part of it, for errors.

    Raises:
        ValidationError: Something in it has no JSON form, or is a NUL character, which no server can store.
    """
    try:
        encoded = msgspec.json.encode(value, enc_hook=_plain)
        if b"null" in encoded:  # what NaN and infinity are written as, without a word
            _refuse_non_finite(msgspec.to_builtins(value, enc_hook=_plain), where)
        if b"\\u0000" in encoded:
            _refuse_nul(msgspec.json.decode(encoded), where)
    except ValidationError:
        raise
    except RecursionError:
        raise too_deep(_culprit(value, where)) from None
    except (TypeError, ValueError, OverflowError) as error:
        # Only of a number that is too long, no subclass of it is raised.
        reason = "it holds a number of thousands of digits" if type(error) is ValueError else str(error)
        raise ValidationError(f"{_culprit(value, where)} cannot be sent as JSON: {reason}") from error
    return encoded


def _culprit(value: Any, where: str) -> str:
    """Which part of a value cannot be written, as far as one part alone is it."""
    parts: Any = value if isinstance(value, dict) else {}
    if has(type(value)):
        parts = asdict(value, recurse=False)
    for name, part in parts.items():
        try:
            msgspec.json.encode(part, enc_hook=_plain)
        except (TypeError, ValueError, OverflowError, RecursionError):
            return f"{where}.{name}".removeprefix(".")
    return where or "this"


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _refuse_broken(encoded: bytes, kind: Any) -> None:
    """Refuse what the server would: reading the JSON as the contract's model checks types, lengths and bounds."""
    try:
        _decoder(kind).decode(encoded)
    except RecursionError:
        raise too_deep("this") from None
    except msgspec.ValidationError as error:
        path, reason = explained(error, msgspec.json.decode(encoded))
        raise ValidationError(f"{path.removeprefix('$').removeprefix('.') or 'this'}: {reason}") from None


def _refuse_nul(value: Any, path: str) -> None:
    if isinstance(value, str) and "\0" in value:
        where = path.removeprefix(".") or "the text"
        raise ValidationError(
            f"{where} holds a NUL character (\\x00), which cannot be stored: {quoted(value)}"
        )
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_nul(key, f"{path}: the name {quoted(key)}")
            _refuse_nul(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _refuse_nul(inner, f"{path}[{number}]")


def _refuse_non_finite(value: Any, path: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValidationError(
            f"{path.removeprefix('.') or 'the value'} is {value}, which JSON cannot express"
        )
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_non_finite(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _refuse_non_finite(inner, f"{path}[{number}]")


def _plain(value: Any) -> Any:
    """What the encoder does not know as plain data.

    Subclasses of the plain types (a markup-safe string, a numeric library's float), and pydantic models (the
    providers' message and tool classes).
    """
    plain_types: Any = (str, int, float, dict, list, tuple)
    for kind in plain_types:
        if isinstance(value, kind) and type(value) is not kind:
            return kind(value)
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json")
    raise TypeError(f"{type(value).__name__} object {quoted(value)}")
