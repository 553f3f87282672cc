"""Request bodies: from models and rows to the bytes that are sent."""

from __future__ import annotations

import math
from typing import Any

import msgspec
from attrs import asdict, field, frozen
from elluminate_api.types import UNSET, File, Request

from elluminate.exceptions import ValidationError


@frozen
class Body:
    """A request's body as arguments of the HTTP library; not shown, as it may hold a provider's key."""

    arguments: dict[str, Any] = field(factory=dict, repr=False)


def body_of(request: Request[Any]) -> Body:
    """A request's body, ready to be sent.

    Raises:
        ValidationError: Something in it has no JSON form.
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
    return Body({"content": to_json(request.body)})


def to_json(value: Any) -> bytes:
    """JSON of a request.

    Raises:
        ValidationError: Something in it has no JSON form.
    """
    try:
        encoded = msgspec.json.encode(value, enc_hook=_plain)
        if b"null" in encoded:  # what NaN and infinity are written as, without a word
            _refuse_non_finite(msgspec.to_builtins(value, enc_hook=_plain), "")
    except (TypeError, UnicodeEncodeError, RecursionError, OverflowError) as error:
        raise ValidationError(f"this cannot be sent as JSON: {error}") from error
    return encoded


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
    raise TypeError(f"{type(value).__name__} object {value!r:.80}")
