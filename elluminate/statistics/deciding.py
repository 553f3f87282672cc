"""What can be said of a difference: whether it is one, and how small it could have been to be seen."""

from __future__ import annotations

import math
from collections.abc import Sequence

from elluminate.statistics.checking import checked_levels, checked_number
from elluminate.statistics.comparing import difference_of, means_of
from elluminate.statistics.intervals import Rows
from elluminate.statistics.planning import fewest_rows, shown_by
from elluminate.statistics.results import Decision, Difference, Interval, z_of

__all__ = ["decide", "detectable", "holm"]


def holm(values: Sequence[float]) -> list[float]:
    """Each p as it counts among all of a family, so that one false alarm in it is as rare as one test promises.

    Args:
        values: The p of each test, 0 to 1.

    Returns:
        The adjusted p of each, in the same order, at most 1.

    Raises:
        ValueError: A value is not within.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979.

    Example:
        >>> from elluminate import statistics
        >>> statistics.holm([0.01, 0.5, 0.02])
        [0.03, 0.5, 0.04]
    """
    checked_levels(values, "values")
    adjusted, highest = [0.0] * len(values), 0.0
    for rank, place in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        highest = max(highest, min(1.0, values[place] * (len(values) - rank)))
        adjusted[place] = highest
    return adjusted


def decide(difference: Difference, level: float = 0.05, p: float | None = None) -> Decision:
    """Whether a difference is one: "better", "worse" or "not enough evidence".

    It is one where p is at most the level and the interval, of confidence 1 - level, lies on one side of 0: the two
    methods rarely part, and a figure and its verdict should not.

    Args:
        difference: How far b is above a.
        level: How often a difference may be seen where there is none, above 0 and below 1.
        p: What counts as its p, such as one that :func:`holm` adjusted; None takes its own.

    Returns:
        Of b, as compared with a.

    Raises:
        ValueError: `level` is not within.

    Example:
        >>> from elluminate import statistics
        >>> statistics.decide(statistics.paired_binary([False] * 9, [True] * 8 + [False]))
        'better'
    """
    checked_number(level, "level", 0.0, 1.0, between=True)
    if p is not None:
        checked_number(p, "p", 0.0, 1.0)
    counting = difference.p if p is None else p
    if counting is None or difference.low is None or difference.high is None or counting > level:
        return "not enough evidence"
    if difference.low > 0.0:
        return "better"
    return "worse" if difference.high < 0.0 else "not enough evidence"


def detectable(
    a: Rows,
    b: Rows,
    level: float = 0.05,
    power: float = 0.8,
    *,
    rates: tuple[Interval, Interval] | None = None,
) -> float | None:
    """The smallest difference that these rows could have shown, given how much they differ from each other.

    Args:
        a: The verdicts of each row, one at least.
        b: Those of the same rows, in the same order.
        level: How often a difference may be seen where there is none.
        power: How often a difference of this size is found.
        rates: As for :func:`difference_of`.

    Returns:
        The difference, above 0 and at most 1; None where so few rows could show none, whatever they say: even if all
        of them differ in one direction, p is above the level.

    Raises:
        ValueError: An argument is not within.

    Miller, "Adding Error Bars to Evals", arXiv 2411.00640, 2024, with the variance that the rows have; with one verdict
    a row at least as many rows as the exact test needs.

    Example:
        >>> from elluminate import statistics
        >>> before = [[0], [1]] * 30
        >>> round(statistics.detectable(before, [[1], [1], [1], [1]] * 15), 2)
        0.18
        >>> statistics.detectable([[0]] * 5, [[1]] * 5) is None
        True
    """
    checked_number(level, "level", 0.0, 1.0, between=True)
    difference = difference_of(a, b, 1.0 - level, rates=rates)
    fewest = fewest_rows(level)
    if difference.low is None or difference.high is None or difference.n < fewest:
        return None
    before, after, n = means_of(a), means_of(b), difference.n
    mean = math.fsum(after) / n - math.fsum(before) / n
    variance = math.fsum((y - x - mean) ** 2 for x, y in zip(before, after, strict=True)) / (n - 1)
    if variance <= 1e-12:
        variance = n * ((difference.high - difference.low) / 2.0 / z_of(1.0 - level)) ** 2
    found = shown_by(n, variance, level, power)
    if difference.method.startswith("Newcombe"):
        found = max(found, fewest / n)
    return found if found <= 1.0 else None
