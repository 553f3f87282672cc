"""Single keys of a terminal on Windows; those of others are pressed in tests/cli/test_label.py."""

import sys
import types

import pytest

from elluminate import _terminal


def keys_of(monkeypatch: pytest.MonkeyPatch, pressed: str) -> list[str]:
    letters = iter(pressed)
    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(getwch=lambda: next(letters)))
    monkeypatch.setattr(sys, "platform", "win32")
    found: list[str] = []
    with _terminal.single_keys() as key:
        while True:
            try:
                found.append(key())
            except (StopIteration, EOFError, KeyboardInterrupt) as end:
                return [*found, type(end).__name__]


@pytest.mark.parametrize(
    ("pressed", "keys"),
    [
        ("yN", ["y", "N", "StopIteration"]),
        ("\xe0Hy", ["", "y", "StopIteration"]),  # an arrow
        ("\x00;\x1bu", ["", "", "u", "StopIteration"]),  # F1, escape
        ("y\x03", ["y", "KeyboardInterrupt"]),
        ("\x1a", ["EOFError"]),
    ],
)
def test_a_key_is_its_letter(monkeypatch: pytest.MonkeyPatch, pressed: str, keys: list[str]) -> None:
    assert keys_of(monkeypatch, pressed) == keys


def test_what_is_closed_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert not _terminal.is_there()
