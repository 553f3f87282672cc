"""How a value that somebody gave is shown in a message: any value, within bounds, and without failing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_BRACKETS: dict[type[Any], tuple[str, str]] = {list: ("[", "]"), tuple: ("(", ")"), dict: ("{", "}")}

_MOST_BITS = 1_000
"""Of a number that is written out; Python refuses to write one of more than 4,300 digits."""


def shown(value: Any) -> str:
    """What was given, with its type, as errors say it.

    >>> shown("7"), shown(None)
    ("'7' (str)", 'None')
    """
    return "None" if value is None else f"{quoted(value)} ({type(value).__name__})"


def quoted(value: Any, most: int = 80) -> str:
    """The beginning of `repr(value)`, whatever that is: nested without end, as long as a book, or an error.

    Args:
        value: What to show.
        most: The most characters of it.

    >>> quoted("a" * 1_000_000, 10)
    "'aaaaaaaaa"
    >>> quoted([[1, {"a": 2}], (3,)])
    "[[1, {'a': 2}], (3,)]"
    >>> quoted(10**5000)
    '<a number of about 5000 digits>'
    """
    text = ""
    for piece in _pieces(value, most):
        text += piece
        if len(text) >= most:
            break
    return text[:most]


def _pieces(value: Any, most: int) -> Iterator[str]:
    # A level gives a character at least, so that no more levels are begun than characters are wanted.
    kind = type(value)
    if kind in _BRACKETS:
        yield from _members(value, most)
    elif kind is str or kind is bytes:
        yield repr(value[:most])
    elif kind is int and value.bit_length() > _MOST_BITS:
        yield f"<a number of about {round(value.bit_length() * 0.30103)} digits>"
    else:
        try:
            text = repr(value)
        except Exception:  # noqa: BLE001  # somebody else's code, or a subclass that is nested too deeply
            text = f"<{kind.__name__} that cannot be shown>"
        yield text


def _members(value: Any, most: int) -> Iterator[str]:
    opening, closing = _BRACKETS[type(value)]
    yield opening
    for number, member in enumerate(value.items() if isinstance(value, dict) else value):
        if number:
            yield ", "
        if isinstance(value, dict):
            yield from _pieces(member[0], most)
            yield ": "
            member = member[1]
        yield from _pieces(member, most)
    yield f",{closing}" if isinstance(value, tuple) and len(value) == 1 else closing
