"""JSON as it goes to model endpoints and comes back from them.

What is sent is strict. What comes is not always: servers that are written in Python send halves of surrogate pairs and
numbers that JSON does not have, others break off in a character. What cannot be stored as text is read as U+FFFD.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

__all__ = ["NULL", "is_json", "read_json", "storable_pairs", "storable_text", "write_json"]

NULL = b"\\u0000"
"""How JSON writes the one character that JSON has and no database takes."""

_check = msgspec.json.Decoder(msgspec.Raw).decode
_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def write_json(value: Mapping[str, Any]) -> bytes:
    """The bytes of a JSON body, its keys in their order; half of a surrogate pair is sent as U+FFFD.

    Raises:
        ValueError: It holds a number that JSON does not have.

    >>> write_json({"model": "m", "messages": []})
    b'{"model":"m","messages":[]}'
    """
    text = _write(value)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _whole_characters(text).encode()


def read_json(body: bytes) -> Any:
    """The value of a JSON body.

    Raises:
        ValueError: It is not JSON.
        RecursionError: It is nested deeper than it can be read.
    """
    if NULL not in body:
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
    # Python's own reader takes halves of surrogate pairs and NaN.
    text = body.decode("utf-8", errors="replace")
    return json.loads(text, object_pairs_hook=_of_text, parse_constant=_no_number)


def is_json(body: bytes) -> bool:
    """Whether a body can be read as JSON.

    >>> [is_json(body) for body in (b"{}", b'{"a": NaN}', b"<html>", b'{"a":')]
    [True, True, False, False]
    """
    try:
        _check(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        try:
            read_json(body)
        except ValueError:
            return False
        except RecursionError:
            return True
    except RecursionError:
        return True  # as far as it can be told; whoever reads it says that it is nested too deeply
    return True


def storable_text(text: str) -> str:
    """The text without halves of surrogate pairs and NUL characters, which no database takes."""
    return _whole_characters(text).replace("\0", "\ufffd")


def _whole_characters(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _no_number(_constant: str) -> None:
    """NaN and infinity, which JSON does not have and which nobody could be sent."""
    return


def storable_pairs(pairs: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Names and values of an object, each text of them as `storable_text`."""
    return [(storable_text(name), _texts(value)) for name, value in pairs]


def _of_text(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(storable_pairs(pairs))


def _texts(value: Any) -> Any:
    if isinstance(value, str):
        return storable_text(value)
    return [_texts(item) for item in value] if isinstance(value, list) else value
