"""Rates of rows of which only is known how many are alike: what a database has counted."""

from __future__ import annotations

import math
from collections.abc import Mapping

from elluminate.statistics.distributions import t_quantile
from elluminate.statistics.intervals import FEW_ROWS, rate, score_ends, wilson
from elluminate.statistics.results import Interval, two_sided

__all__ = ["rate_of_counts"]


def rate_of_counts(counts: Mapping[tuple[int, int], int], confidence: float = 0.95) -> Interval:
    """What :func:`rate` says of the same rows, in a time that does not grow with their number.

    Args:
        counts: How many rows there are, by (verdicts that are YES, verdicts).
        confidence: Above 0 and below 1.

    Returns:
        The share of YES with its interval, and in `n` the rows that have a verdict.

    Raises:
        ValueError: `confidence` is not within.

    Example:
        >>> from elluminate.statistics.counted import rate_of_counts
        >>> print(rate_of_counts({(1, 1): 3, (0, 1): 1}))
        75.0% [30.1%, 95.4%]
    """
    above = two_sided(confidence)
    judged = {alike: rows for alike, rows in counts.items() if alike[1] > 0 and rows > 0}
    count = sum(judged.values())
    if count < FEW_ROWS:
        return rate(
            [
                [True] * yes + [False] * (n - yes)
                for (yes, n), rows in sorted(judged.items())
                for _ in range(rows)
            ],
            confidence,
        )
    yeses = sum(yes * rows for (yes, _), rows in judged.items())
    verdicts = sum(n * rows for (_, n), rows in judged.items())
    if verdicts == count:
        return wilson(yeses, count, confidence)
    mean = yeses / verdicts
    deviations = math.fsum(rows * (yes - n * mean) ** 2 for (yes, n), rows in judged.items())
    error = math.sqrt(count / (count - 1) * deviations) / verdicts
    worth = mean * (1.0 - mean) / error**2 if error > 1e-12 else count
    low, high = score_ends(mean, min(worth, verdicts), t_quantile(above, count - 1))
    return Interval(mean, low, high, "clustered Wilson", count)
