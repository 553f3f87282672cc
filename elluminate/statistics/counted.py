"""Rates of rows of which only is known how many are alike: what a database has counted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from elluminate.statistics.distributions import t_quantile
from elluminate.statistics.intervals import FEW_ROWS, rate, score_ends, wilson
from elluminate.statistics.planning import pass_at_k, pass_hat_k
from elluminate.statistics.results import Interval, two_sided

__all__ = ["flaky_of_counts", "pass_at_k_of_counts", "pass_hat_k_of_counts", "rate_of_counts"]


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


def pass_at_k_of_counts(counts: Mapping[tuple[int, int], int], k: int) -> float | None:
    """What :func:`pass_at_k` says of the same rows.

    Args:
        counts: How many rows there are, by (answers that passed, answers).
        k: Answers, 1 or more. Rows with fewer do not count.

    Example:
        >>> from elluminate.statistics.counted import pass_at_k_of_counts
        >>> pass_at_k_of_counts({(1, 2): 3, (0, 2): 1}, k=2)
        0.75
    """
    return _mean_over(counts, pass_at_k, k)


def pass_hat_k_of_counts(counts: Mapping[tuple[int, int], int], k: int) -> float | None:
    """What :func:`pass_hat_k` says of the same rows; see :func:`pass_at_k_of_counts`.

    Example:
        >>> from elluminate.statistics.counted import pass_hat_k_of_counts
        >>> pass_hat_k_of_counts({(2, 2): 3, (1, 2): 1}, k=2)
        0.75
    """
    return _mean_over(counts, pass_hat_k, k)


def flaky_of_counts(counts: Mapping[tuple[int, int], int]) -> int:
    """How many rows have answers that passed and others that did not.

    Example:
        >>> from elluminate.statistics.counted import flaky_of_counts
        >>> flaky_of_counts({(2, 2): 3, (1, 2): 1, (0, 2): 1})
        1
    """
    return sum(rows for (passed, n), rows in counts.items() if 0 < passed < n)


def _mean_over(
    counts: Mapping[tuple[int, int], int],
    of: Callable[[Sequence[Sequence[bool]], int], float | None],
    k: int,
) -> float | None:
    found = [
        (value, rows)
        for (passed, n), rows in counts.items()
        if (value := of([[True] * passed + [False] * (n - passed)], k)) is not None
    ]
    total = sum(rows for _, rows in found)
    return math.fsum(value * rows for value, rows in found) / total if total else None
