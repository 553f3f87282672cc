"""Has Python's garbage collector rest while many objects are made at once, on either side of the wire."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collector_at_rest"]

LONGEST_REST = 1.0
"""Seconds after which it goes on as soon as one of those is done for whom it rests."""


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Make objects without the collector, which looks through all that there are again and again as they become more.

    For a short piece of work whose objects stay or go together, such as a page of a list. It rests for the whole
    process, until all threads have left such a block, or for a second. Nothing changes where it was turned off before.
    """
    _rest.begin()
    try:
        yield
    finally:
        _rest.end()


class _Rest:
    def __init__(self) -> None:
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._lock = threading.Lock()
        self._blocks = 0
        self._began: float | None = None

    def go_on(self) -> None:
        """In the child of a fork, which has none of the threads that were in a block."""
        began = self._began
        self._begin_anew()
        if began is not None:
            gc.enable()

    def begin(self) -> None:
        with self._lock:
            self._blocks += 1
            if self._blocks == 1 and gc.isenabled():
                gc.disable()
                self._began = time.monotonic()

    def end(self) -> None:
        with self._lock:
            self._blocks -= 1
            if self._began is None:
                return
            if not self._blocks or time.monotonic() - self._began > LONGEST_REST:
                self._began = None
                gc.enable()


_rest = _Rest()
if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(after_in_child=_rest.go_on)
