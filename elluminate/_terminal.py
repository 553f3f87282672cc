"""One key at a time from a terminal, on POSIX and on Windows."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections.abc import Callable, Iterator
from importlib import import_module

__all__ = ["is_there", "single_keys"]

_ESCAPE = "\x1b"
_MORE_SECONDS = 0.05
"""Within this time a terminal sends the rest of what a key like an arrow is."""


def is_there() -> bool:
    """Whether somebody sits at a terminal: it is both where keys come from and where text goes."""
    try:
        return sys.stdin.isatty() and sys.stdout.isatty()
    except (AttributeError, ValueError):  # a program may have none, or have closed them
        return False


@contextlib.contextmanager
def single_keys() -> Iterator[Callable[[], str]]:
    """What waits for a key and gives its letter, "" for one that is no letter; a closed terminal raises EOFError.

    Ctrl-C is a KeyboardInterrupt, as ever. The terminal is left as it was.
    """
    if sys.platform == "win32":
        yield _key_on_windows
        return
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)
        yield lambda: _key_on_posix(terminal)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _key_on_posix(terminal: int) -> str:
    try:
        read = os.read(terminal, 1)
    except OSError:
        read = b""  # so some systems say that the terminal is gone
    if read in (b"", b"\x04"):
        raise EOFError
    letter = read.decode("ascii", "replace")
    if letter == _ESCAPE:
        while select.select([terminal], [], [], _MORE_SECONDS)[0] and os.read(terminal, 64):
            pass
    return letter if letter.isprintable() else ""


def _key_on_windows() -> str:
    get: Callable[[], str] = import_module("msvcrt").getwch  # which is on Windows alone
    letter = get()
    if letter in ("\x00", "\xe0"):  # an arrow, say: what it is comes next
        get()
        return ""
    if letter == "\x03":
        raise KeyboardInterrupt
    if letter in ("\x04", "\x1a"):
        raise EOFError
    return letter if letter.isprintable() else ""
