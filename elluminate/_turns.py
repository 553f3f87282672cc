"""How many requests are under way at once: a few while answers come quickly, more when the server takes its time."""

from __future__ import annotations

import time
from collections import deque
from typing import Self

import anyio


class Turns:
    """An async context manager that lets so many in at a time, and the others in order.

    A connection costs as much as a request, and a server that answers at once is kept busy by a few. One that takes
    its time (a model, a long way) is asked by as many as there may be. One of those that wait looks at the clock for
    all of them: a timer for each would cost more than it saves.

    Args:
        few: How many are let in at first.
        most: How many are let in once nobody has come out for `patience`, from then on.
        patience: In seconds.
    """

    def __init__(self, few: int, most: int, patience: float) -> None:
        self._limit, self._most, self._patience = few, most, patience
        self._inside = 0
        self._queue: deque[_Waiting] = deque()
        self._watching: _Waiting | None = None
        self._moved_at = time.monotonic()

    async def __aenter__(self) -> Self:
        if self._inside < self._limit and not self._queue:
            self._let_in()
        else:
            await self._wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._let_out()

    def _let_in(self) -> None:
        self._inside += 1
        self._moved_at = time.monotonic()

    def _let_out(self) -> None:
        self._inside -= 1
        self._moved_at = time.monotonic()
        self._serve()

    def _serve(self) -> None:
        while self._queue and self._inside < self._limit:
            waiting = self._queue.popleft()
            waiting.served = True
            waiting.event.set()
            self._let_in()

    async def _wait(self) -> None:
        waiting = _Waiting()
        self._queue.append(waiting)
        if self._watching is None and self._limit < self._most:
            self._watching = waiting
        try:
            while not waiting.served:
                if self._watching is waiting:
                    await self._watch(waiting)
                else:
                    await waiting.event.wait()
                if not waiting.served:
                    waiting.event = anyio.Event()
        except BaseException:
            if waiting.served:
                self._let_out()
            else:
                self._queue.remove(waiting)
            raise
        finally:
            if self._watching is waiting:
                self._hand_over()

    async def _watch(self, waiting: _Waiting) -> None:
        began = time.monotonic()
        with anyio.move_on_after(self._patience):
            await waiting.event.wait()
        took = time.monotonic() - began
        # Woken far too late, it was this program that took its time.
        if not waiting.served and self._moved_at <= began and took < 2 * self._patience:
            self._limit = self._most
            self._serve()

    def _hand_over(self) -> None:
        # To the last, who waits longest; from then on nobody has to look once all may come in that can.
        self._watching = self._queue[-1] if self._queue and self._limit < self._most else None
        if self._watching is not None:
            self._watching.event.set()


class _Waiting:
    def __init__(self) -> None:
        self.event = anyio.Event()
        self.served = False
