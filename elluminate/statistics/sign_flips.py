"""How often chance alone makes a difference, by flipping the sign of each row's."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from elluminate.statistics.checking import checked_list, checked_number

__all__ = ["sign_flip"]

EXACT_UP_TO = 16
"""Rows that differ, up to which all assignments of signs are looked at one by one."""

FLIPS = 10_000
_SEED = 20_241_101

_FINEST_STEP = 1_000
"""Differences that are multiples of 1/1000 at least are counted exactly, whatever the number of rows."""

_MOST_WORK = 2e10
"""Bits that are added up for that, about half a second."""
_MOST_BITS = 2e8
"""Bits that are held at a time for that: 25 MB."""

_MOST_DRAWN = 10_000_000
_FEWEST_FLIPS = 1_000
"""Signs that are drawn together, a few seconds; and the fewest draws whatever the number of rows."""


def sign_flip(differences: Sequence[float]) -> float | None:
    """How often chance alone gives a mean difference that is as large, when each row's sign is a coin's.

    Exact for up to 16 rows that differ, and for more where all differences are multiples of one step, as differences of
    means of a few verdicts are (up to about a thousand rows). Otherwise by 10,000 draws with a fixed seed, so that it
    is the same each time and never below 1/10,001; by fewer, but at least 1,000, where more than 1,000 rows all differ
    by something else.

    Args:
        differences: What each row differs by; rows without a difference change nothing.

    Returns:
        The two-sided p, above 0 and at most 1; None without rows.

    Fisher, "The Design of Experiments", 1935, § 21; Phipson and Smyth, "Permutation P-values Should Never Be Zero",
    Statistical Applications in Genetics and Molecular Biology 9, 2010, for the draws.

    Example:
        >>> from elluminate import statistics
        >>> statistics.sign_flip([0.5, 0.25, 0.25, 1.0, 0.5, 0.75])
        0.03125
    """
    for place, one in enumerate(checked_list(differences, "differences", "numbers")):
        checked_number(one, f"differences[{place}]")
    if not len(differences):
        return None
    signed = [one for one in (round(each, 12) for each in differences) if one]
    sizes = [abs(one) for one in signed]
    if step := _common_step(sizes):
        units = [round(size * step) for size in sizes]
        bits = len(units) * sum(units)
        if bits <= _MOST_BITS and len(units) * bits <= _MOST_WORK:
            return _counted(units, abs(sum(round(one * step) for one in signed)))
    bound = abs(math.fsum(signed)) - 1e-9 * math.fsum(
        sizes
    )  # sums in another order differ in their last digits
    if len(sizes) > EXACT_UP_TO:
        drawn = _drawn(sizes)
        return (1 + sum(abs(one) >= bound for one in drawn)) / (1 + len(drawn))
    sums = [0.0]
    for size in sizes:
        sums = [each + one for each in sums for one in (size, -size)]
    return sum(abs(one) >= bound for one in sums) / len(sums)


def _common_step(sizes: Sequence[float]) -> int | None:
    """The smallest number that makes all sizes whole; None where there is none that is small."""
    distinct = set(sizes)
    for step in range(1, _FINEST_STEP + 1):
        if all(abs(size * step - round(size * step)) < 1e-9 for size in distinct):
            return step
    return None


def _counted(units: Sequence[int], observed: int) -> float:
    """The share of the assignments of signs whose sum is at least as far from 0.

    One whole number holds, byte by byte, how many ways there are to have the positive ones come to 0, 1, 2, ...
    """
    if observed == 0:
        return 1.0
    width = (len(units) + 8) // 8
    ways = 1
    for unit in units:
        ways += ways << (8 * width * unit)
    places = (sum(units) - observed) // 2 + 1  # of sums of positive ones that are as far down
    tail = (ways & ((1 << (8 * width * places)) - 1)).to_bytes(width * places, "little")
    fewer = sum(int.from_bytes(tail[place : place + width], "little") for place in range(0, len(tail), width))
    return 2 * fewer / (1 << len(units))


def _drawn(sizes: Sequence[float]) -> list[float]:
    """Sums with signs by chance; of rows that differ by as much, how many are positive is one draw of bits."""
    from random import Random

    groups = sorted(Counter(sizes).items())
    bits = Random(_SEED).getrandbits  # noqa: S311  # not for secrets: the same each time on purpose
    flips = max(_FEWEST_FLIPS, min(FLIPS, _MOST_DRAWN // len(groups)))
    return [sum(size * (2 * bits(often).bit_count() - often) for size, often in groups) for _ in range(flips)]
