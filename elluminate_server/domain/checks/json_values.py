"""JSON in answers, read with bounds: how deep it goes, and how much of it there is."""

import json
from typing import Any

from elluminate_server.domain.checks.facts import told

__all__ = ["MOST_LEVELS", "JsonArray", "JsonError", "JsonObject", "JsonText", "parsed", "size_of"]

MOST_LEVELS = 100
"""Levels of arrays and objects in each other."""
_MOST_DIGITS = 400
_WHOLE = 1 << 53


class JsonError(ValueError):
    """A text is no JSON that can be looked at: why."""


class JsonObject(dict[str, Any]):
    """An object that knows how much it holds, and is told in a few characters."""

    size = 1

    def __repr__(self) -> str:
        return "{…}" if self else "{}"


class JsonArray(list[Any]):
    """The same of an array."""

    size = 1

    def __repr__(self) -> str:
        return "[…]" if self else "[]"


class JsonText(str):
    """The same of a text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return told(self)


def parsed(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        JsonError: It is none, or one that is nested too deep.
    """
    try:
        value = json.loads(text, parse_constant=_no_number, parse_int=_whole, parse_float=_decimal)
    except RecursionError:
        raise JsonError(f"it is nested deeper than {MOST_LEVELS} levels") from None
    except json.JSONDecodeError as error:
        raise JsonError(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except ValueError as error:
        raise JsonError(str(error)) from None
    return _measured(value, 0)


def size_of(value: Any) -> int:
    """How much a value of `parsed` holds: its parts, and its texts by the length."""
    if isinstance(value, JsonObject | JsonArray):
        return value.size
    return 1 + len(value) // 16 if isinstance(value, str) else 1


def _measured(value: Any, level: int) -> Any:
    if level > MOST_LEVELS:
        raise JsonError(f"it is nested deeper than {MOST_LEVELS} levels")
    if isinstance(value, dict):
        held = JsonObject((JsonText(name), _measured(part, level + 1)) for name, part in value.items())
        held.size = 1 + sum(size_of(name) + size_of(part) for name, part in held.items())
        return held
    if isinstance(value, list):
        items = JsonArray(_measured(part, level + 1) for part in value)
        items.size = 1 + sum(map(size_of, items))
        return items
    return JsonText(value) if isinstance(value, str) else value


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _decimal(digits: str) -> int | float:
    number = float(digits)
    return int(number) if abs(number) < _WHOLE and number.is_integer() else number
