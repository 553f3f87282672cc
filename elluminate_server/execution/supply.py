"""The items of one task that this process works on: claimed a little ahead of need, so that nobody waits for them.

What is claimed ahead is kept from other processes, so that no more is than lasts a moment.
"""

import asyncio
import contextlib
import datetime
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import attrs

from elluminate_server.execution.leases import MAX_ATTEMPTS
from elluminate_server.execution.shares import SUSPECT_AFTER

__all__ = ["Item", "Supply"]

LASTS_SECONDS = 0.25
"""How long a claim should last."""
MOST = 500
"""Items of one claim."""

PIECE = 100
"""Items whose rows are read and filled in at a time, so that nobody else waits for longer than a few milliseconds."""

FREE_SECONDS = 1.0
"""From one look to the next whether items are free again, while this process still has some."""
LEFT_SECONDS = 0.2
"""From one look to the next whether others are done with theirs."""


@attrs.frozen
class Item:
    """A row of `work_items`, as it was claimed."""

    id: int
    entry_id: int
    epoch: int
    state: str
    attempts: int
    response_id: int | None
    payload: dict[str, Any]
    persona_version_id: int | None

    @property
    def is_suspect(self) -> bool:
        """Whether processes died over it, so that it is tried beside few others."""
        return self.attempts >= SUSPECT_AFTER

    @property
    def is_given_up(self) -> bool:
        """Whether so many did that it is not tried any more."""
        return self.attempts >= MAX_ATTEMPTS

    @property
    def judged_as_of(self) -> datetime.datetime | None:
        """The moment whose criteria count, where its answer takes the place of one that failed; see `gaps`."""
        moment = self.payload.get("judged_as_of")
        return None if moment is None else datetime.datetime.fromisoformat(moment)


Ready = tuple[Item, Any]
"""An item, and what was loaded for it; None where there was nothing."""


@attrs.frozen(kw_only=True)
class Source:
    """Where items come from.

    Attributes:
        claim: Takes at most so many items, suspects among them only if its second argument says so.
        load: What is needed to work on them, by item.
        is_any_free: Whether another claim would bring anything.
        is_any_left: Whether any item is not done yet, whoever has it; None where that is for others to ask.
        is_over: Whether nothing more is to be begun.
    """

    claim: Callable[[int, bool], Awaitable[Sequence[Item]]]
    load: Callable[[Sequence[Item]], Awaitable[Mapping[int, Any]]]
    is_any_free: Callable[[], Awaitable[bool]]
    is_any_left: Callable[[], Awaitable[bool]] | None
    is_over: Callable[[], bool]


class Supply:
    """What the workers of a run take their items from.

    Args:
        source: Where they come from.
        workers: How many take them.
    """

    def __init__(self, source: Source, workers: int) -> None:
        self._source = source
        self._workers = workers
        self._ready: asyncio.Queue[Ready | None] = asyncio.Queue()
        self._under_way = 0
        self._suspects = 0
        self._low = 0
        self._is_low = asyncio.Event()
        self._is_idle = asyncio.Event()

    async def take(self) -> Ready | None:
        """The next item, to be given to `done` at its end; None when there will be none."""
        ready = await self._ready.get()
        if self._ready.qsize() <= self._low:
            self._is_low.set()
        return ready

    def done(self, item: Item) -> None:
        """Nothing is left to do with an item here."""
        self._under_way -= 1
        self._suspects -= item.is_suspect
        if not self._under_way or (item.is_suspect and not self._suspects):
            self._is_idle.set()

    async def fill(self) -> None:
        """Claim items until there are no more, or nothing more is to be begun."""
        size, is_first = self._workers, True
        while not self._source.is_over():
            began = time.monotonic()
            items = await self._source.claim(size, not self._suspects)
            await self._add(items)
            if len(items) < size and not await self._is_more():
                break
            self._low = size // 2
            await self._until_low()
            lasted = time.monotonic() - began
            size = max(size // 4, 1) if is_first else _next_size(size, lasted)
            is_first = False
        for _ in range(self._workers):
            self._ready.put_nowait(None)

    async def _add(self, items: Sequence[Item]) -> None:
        self._under_way += len(items)
        self._suspects += sum(item.is_suspect for item in items)
        for start in range(0, len(items), PIECE):
            piece = items[start : start + PIECE]
            loaded = await self._source.load(piece)
            for item in piece:
                self._ready.put_nowait((item, loaded.get(item.id)))
            await asyncio.sleep(0)  # SQLite is read in the event loop's own thread

    async def _until_low(self) -> None:
        while self._ready.qsize() > self._low:
            self._is_low.clear()
            await self._is_low.wait()

    async def _is_more(self) -> bool:
        """Wait until there is something to claim; False when there will not be."""
        while not self._source.is_over():
            if self._under_way:
                await self._idle_within(FREE_SECONDS)
            elif self._source.is_any_left is None or not await self._source.is_any_left():
                return False
            else:
                await asyncio.sleep(LEFT_SECONDS)
            if not self._suspects and await self._source.is_any_free():
                return True
        return False

    async def _idle_within(self, seconds: float) -> None:
        self._is_idle.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._is_idle.wait()


def _next_size(size: int, lasted: float) -> int:
    if lasted < LASTS_SECONDS:
        return min(2 * size, MOST)
    return max(size // 2, 1) if lasted > 2 * LASTS_SECONDS else size
