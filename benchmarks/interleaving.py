"""Timing two ways of doing the same, so that a busy machine slows both alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Awaitable, Callable

from attrs import frozen


@frozen
class Ratio:
    """How two ways compare, over all rounds.

    Attributes:
        first: Seconds of the first way, per round.
        second: Seconds of the second way, per round.
    """

    first: list[float]
    second: list[float]

    @property
    def rounds(self) -> list[float]:
        """Per round, time of the second way / time of the first."""
        return [two / one for one, two in zip(self.first, self.second, strict=True)]

    @property
    def minimum(self) -> float:
        """The smallest ratio of a round."""
        return min(self.rounds)

    @property
    def median(self) -> float:
        """The ratio of the middle round; bounds are held against this one."""
        return statistics.median(self.rounds)

    @property
    def first_typical(self) -> float:
        """Median seconds of the first way."""
        return statistics.median(self.first)

    @property
    def second_typical(self) -> float:
        """Median seconds of the second way."""
        return statistics.median(self.second)

    @property
    def least_difference(self) -> float:
        """Seconds that the second way takes longer, each at its best: what is left when nothing else runs."""
        return min(self.second) - min(self.first)


def compare(first: Callable[[], object], second: Callable[[], object], *, rounds: int) -> Ratio:
    """Time two functions in turns; each round lets the other one begin.

    Both run once before, unmeasured. Each starts on a collected heap, so that neither pays for the garbage of
    the other; the collector stays on, because it does for users.
    """
    first()
    second()
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for which in _order(number):
            gc.collect()
            started = time.perf_counter()
            (first, second)[which]()
            times[which].append(time.perf_counter() - started)
    return Ratio(*times)


async def compare_async(
    first: Callable[[], Awaitable[object]], second: Callable[[], Awaitable[object]], *, rounds: int
) -> Ratio:
    """The same as :func:`compare`, for coroutine functions in the running event loop."""
    await first()
    await second()
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for which in _order(number):
            gc.collect()
            started = time.perf_counter()
            await (first, second)[which]()
            times[which].append(time.perf_counter() - started)
    return Ratio(*times)


def _order(number: int) -> tuple[int, int]:
    return (0, 1) if number % 2 == 0 else (1, 0)
