"""A value in a message is its `repr`, as far as that is short, and never an error of its own."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest

from elluminate._showing import quoted, shown


class Unwilling:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def nested(kind: type[Any]) -> Any:
    value: Any = kind()
    for _ in range(3_000):
        value = kind([value]) if kind is not dict and kind is not OrderedDict else kind(a=value)
    return value


def inside_itself() -> Any:
    value: list[Any] = [1]
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        7,
        10**100,
        1.5,
        "a",
        "it's",
        b"x",
        [],
        [1, "b"],
        (),
        (1,),
        (1, 2),
        {},
        {"a": [1]},
        {1: {}},
        {2},
        int,
        ...,
    ],
    ids=repr,
)
def test_short_values_are_shown_as_python_does(value: Any) -> None:
    assert quoted(value, 200) == repr(value)


@pytest.mark.parametrize(
    ("value", "begins"),
    [
        (nested(list), "[[[[[["),
        (nested(tuple), "((((((("),
        (nested(dict), "{'a': {'a': {"),
        (nested(OrderedDict), "<OrderedDict that cannot be shown>"),
        (inside_itself(), "[1, [1, [1, ["),
        ("a" * 1_000_000, "'aaaa"),
        (b"a" * 1_000_000, "b'aaaa"),
        ([0] * 1_000_000, "[0, 0, 0, "),
        (10**5_000, "<a number of about 5000 digits>"),
        ({"n": [-(10**5_000)]}, "{'n': [<a number of about 5000 digits>]}"),
        ([Unwilling()], "[<Unwilling that cannot be shown>]"),
    ],
    ids=[
        "list",
        "tuple",
        "dict",
        "OrderedDict",
        "itself",
        "str",
        "bytes",
        "long list",
        "int",
        "int inside",
        "own repr",
    ],
)
def test_all_others_within_bounds(value: Any, begins: str) -> None:
    assert quoted(value).startswith(begins)
    assert len(quoted(value)) <= 80
    assert len(quoted(value, 10)) <= 10
    assert type(value).__name__ in shown(value)
