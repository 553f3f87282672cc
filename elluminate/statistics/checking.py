"""What the functions of this package can count with, and how they refuse what they cannot: by name and value."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

__all__ = [
    "checked_count",
    "checked_levels",
    "checked_list",
    "checked_number",
    "checked_pair",
    "checked_rows",
]

MOST_COUNTED = 1_000_000_000
"""Rows, trials and answers that are counted at most."""


def checked_number(
    value: Any, what: str, low: float = -math.inf, high: float = math.inf, *, between: bool = False
) -> float:
    """A number from low to high, both included; with `between`, both excluded.

    Raises:
        TypeError: It is no number; True and False are none here.
        ValueError: It is not within, or not a number (nan).
    """
    wanted = _wanted(low, high, between)
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{what} must be a number{wanted}, not {_told(value)}")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(f"{what} must be a number{wanted}, not one of that size") from None
    if not math.isfinite(number) or not (low < number < high if between else low <= number <= high):
        raise ValueError(f"{what} must be a number{wanted}, not {_told(value)}")
    return number


def checked_count(value: Any, what: str, low: int = 0, high: float = MOST_COUNTED) -> int:
    """A whole number from low to high.

    Raises:
        TypeError: It is no whole number.
        ValueError: It is not within.

    Example:
        >>> checked_count(3, "yes", high=2)
        Traceback (most recent call last):
        ...
        ValueError: yes must be a whole number from 0 to 2, not 3
    """
    wanted = f"a whole number from {low} to {high}"
    if isinstance(value, bool):
        raise TypeError(f"{what} must be {wanted}, not {_told(value)}")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{what} must be {wanted}, not {_told(value)}") from None
    if not low <= number <= high:
        raise ValueError(f"{what} must be {wanted}, not {_told(value)}")
    return number


def checked_list(values: Any, what: str, of: str) -> Sequence[Any]:
    """Something with a length that can be gone through, such as a list or an array; no text.

    Raises:
        TypeError: It is none.
    """
    if (
        isinstance(values, str | bytes | Mapping)
        or not hasattr(values, "__len__")
        or not isinstance(values, Iterable)
    ):
        raise TypeError(f"{what} must be a list of {of}, not {_told(values)}")
    return values  # type: ignore[return-value]  # as far as it is used: it has a length, and is gone through


def checked_rows(rows: Any, what: str = "rows") -> list[Sequence[float]]:
    """Rows with their verdicts.

    Raises:
        TypeError: A row is no list, or a verdict neither a bool nor a number.
        ValueError: A verdict is not 0 to 1.
    """
    form = "lists, the verdicts of each row, such as [[True], [True, False]]"
    checked = []
    for place, row in enumerate(checked_list(rows, what, form)):
        if isinstance(row, bool | Real):
            raise TypeError(
                f"{what} must be a list of {form}; {what}[{place}] is {_told(row)}, and of one verdict a row "
                f"[{_told(row)}] is meant"
            )
        for verdict in checked_list(row, f"{what}[{place}]", "verdicts"):
            checked_verdict(verdict, f"a verdict in {what}[{place}]")
        checked.append(row)
    return checked


def checked_verdict(verdict: Any, what: str) -> None:
    """Refuse what is neither a bool nor a number from 0 to 1.

    Raises:
        TypeError: It is of another type.
        ValueError: It is not within.
    """
    if not isinstance(verdict, bool) and type(verdict).__name__ not in (
        "bool_",
        "bool",
    ):  # numpy's are not bools
        checked_number(verdict, what, 0.0, 1.0)


def checked_pair(a: Any, b: Any, of: str) -> int:
    """The length that two lists have.

    Raises:
        TypeError: One of them is no list.
        ValueError: They are not of one length.
    """
    n, m = len(checked_list(a, "a", of)), len(checked_list(b, "b", of))
    if n != m:
        raise ValueError(f"a has {n} {of} and b {m}: they must be of the same ones, in the same order")
    return n


def checked_levels(values: Any, what: str) -> Sequence[float]:
    """Shares, each 0 to 1.

    Raises:
        TypeError: They are no list, or one is no number.
        ValueError: One is not within.
    """
    for place, value in enumerate(checked_list(values, what, "numbers")):
        checked_number(value, f"{what}[{place}]", 0.0, 1.0)
    return values  # type: ignore[no-any-return]


def _wanted(low: float, high: float, between: bool) -> str:
    if between:
        return f" above {low:g}" + ("" if math.isinf(high) else f" and below {high:g}")
    if math.isinf(high):
        return "" if math.isinf(low) else f", {low:g} or more"
    return f" from {low:g} to {high:g}"


def _told(value: Any) -> str:
    if isinstance(value, int) and value.bit_length() > 200:
        return "one of that size"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
