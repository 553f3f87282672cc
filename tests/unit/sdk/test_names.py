"""Names that are made anew for each run of a program."""

from __future__ import annotations

import re

import pytest

from elluminate import ValidationError, unique_name


def test_a_unique_name_begins_as_it_was_asked_to_and_is_never_there_twice() -> None:
    made = [unique_name("First try") for _ in range(1_000)]
    assert len(set(made)) == 1_000
    assert all(
        re.fullmatch(r"First try \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [0-9a-f]{6}\)", name) for name in made
    )


def test_a_unique_name_is_no_longer_than_a_name_may_be() -> None:
    made = unique_name("n" * 1_000)
    assert len(made) == 255
    assert made.startswith("nnn")
    assert made.endswith(")")


@pytest.mark.parametrize("base", ["", "  ", 7, "a\0b"])
def test_what_cannot_begin_a_name(base: str) -> None:
    with pytest.raises(ValidationError):
        unique_name(base)
