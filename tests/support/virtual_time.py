"""An event loop whose time passes only while everybody waits, so that hours of waiting are over in milliseconds."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["run"]

T = TypeVar("T")


class _Selector(selectors.SelectSelector):
    """Lets time pass instead of waiting for it."""

    def __init__(self, skip: Callable[[float], None]) -> None:
        super().__init__()
        self._skip = skip

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("everybody waits, and nothing will happen any more")
        if not ready and timeout:
            self._skip(timeout)
        return ready


class _Loop(asyncio.SelectorEventLoop):
    _now = 0.0

    def __init__(self) -> None:
        super().__init__(_Selector(self._skip))
        self._clock_resolution = 1e-7

    def time(self) -> float:
        return self._now

    def _skip(self, seconds: float) -> None:
        # Never less than can be told apart.
        self._now = max(self._now + seconds, self._now * (1 + 1e-15))


def run(main: Coroutine[Any, Any, T]) -> T:
    """What the coroutine gives, its sleeps and time-outs skipped. Nothing in it may wait for another thread.

    Raises:
        AssertionError: Everybody waits for something that never happens.
    """
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(main)
