"""Differences over the same rows: how large they are, and how often chance alone makes them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from elluminate.statistics.distributions import t_quantile
from elluminate.statistics.intervals import Rows, score_ends
from elluminate.statistics.results import Difference, Interval, count_within, two_sided, z_of
from elluminate.statistics.sign_flips import sign_flip

__all__ = ["difference_of", "mcnemar", "newcombe", "paired_binary", "paired_difference"]


def paired_difference(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Difference:
    """How far b is above a on the same rows, each row a mean over its verdicts.

    Args:
        a: The mean of each row.
        b: The mean of the same rows, in the same order.
        confidence: Above 0 and below 1.

    Returns:
        The mean difference with its interval by Student's t over the rows (n - 1 degrees of freedom), kept within -1 to
        1, and p by :func:`sign_flip`. No interval with fewer than two rows. Where all rows differ by the same, t knows
        no width: then the interval is made of Wilson's around each mean, as if they were not paired.

    Raises:
        ValueError: The two are not of one length, or `confidence` is not within.

    Miller, "Adding Error Bars to Evals", arXiv 2411.00640, 2024, for the paired error; Zou and Donner, "Construction of
    confidence limits about effect measures", 2008, where all rows differ by the same.

    Example:
        >>> from elluminate import statistics
        >>> found = statistics.paired_difference([0, 0.5, 0.5, 0, 1, 0.5], [0.5, 1, 1, 1, 1, 1])
        >>> round(found.estimate, 3), round(found.low, 3), round(found.high, 3), found.p
        (0.5, 0.168, 0.832, 0.0625)
    """
    above = two_sided(confidence)
    if len(a) != len(b):
        raise ValueError(f"a has {len(a)} rows and b {len(b)}: they must be the same rows")
    n = len(a)
    differences = [after - before for before, after in zip(a, b, strict=True)]
    if n < 2:
        estimate = differences[0] if n else None
        return Difference(estimate, None, None, sign_flip(differences), "paired t, sign flips", n)
    mean = math.fsum(differences) / n
    error = math.sqrt(math.fsum((one - mean) ** 2 for one in differences) / (n - 1) / n)
    if error <= 1e-12:
        low, high = _unpaired_ends(math.fsum(a) / n, math.fsum(b) / n, n, z_of(confidence))
        return Difference(mean, low, high, sign_flip(differences), "Wilson of each, sign flips", n)
    half = t_quantile(above, n - 1) * error
    return Difference(
        mean,
        max(-1.0, mean - half),
        min(1.0, mean + half),
        sign_flip(differences),
        "paired t, sign flips",
        n,
    )


def _unpaired_ends(a: float, b: float, n: int, z: float, correlation: float = 0.0) -> tuple[float, float]:
    """The ends of the interval of b - a, squared and added of Wilson's intervals of the two."""
    (a_low, a_high), (b_low, b_high) = (score_ends(min(1.0, max(0.0, one)), n, z) for one in (a, b))
    down, up = b - b_low, a_high - a
    low = b - a - math.sqrt(max(0.0, down * down - 2 * correlation * down * up + up * up))
    up, down = b_high - b, a - a_low
    high = b - a + math.sqrt(max(0.0, up * up - 2 * correlation * down * up + down * down))
    return max(-1.0, low), min(1.0, high)


def mcnemar(worse: int, better: int) -> float:
    """McNemar's exact test: how often chance alone splits the rows that differ as unevenly.

    Args:
        worse: Rows that went from YES to NO.
        better: Rows that went from NO to YES.

    Returns:
        The two-sided p, above 0 and at most 1; 1 where no row differs.

    Raises:
        ValueError: A count is negative.

    McNemar, "Note on the sampling error of the difference between correlated proportions", Psychometrika 12, 1947; with
    the binomial distribution instead of its approximation.

    Example:
        >>> from elluminate import statistics
        >>> statistics.mcnemar(0, 6)
        0.03125
    """
    if worse < 0 or better < 0:
        raise ValueError(f"counts must be 0 or more, not {worse!r} and {better!r}")
    n, fewer = worse + better, min(worse, better)
    ways, term = 0, 1  # term is the number of ways to choose so many of n
    for chosen in range(fewer + 1):
        ways += term
        term = term * (n - chosen) // (chosen + 1)
    return min(1.0, 2 * ways / (1 << n))


def newcombe(both: int, worse: int, better: int, neither: int, confidence: float = 0.95) -> Interval:
    """The difference of two shares over the same rows, with one verdict a row and side.

    Args:
        both: Rows with YES in both.
        worse: Rows that went from YES to NO.
        better: Rows that went from NO to YES.
        neither: Rows with NO in both.
        confidence: Above 0 and below 1.

    Returns:
        How far the second share is above the first, -1 to 1, with its interval; None without rows.

    Raises:
        ValueError: An argument is not within.

    Newcombe, "Improved confidence intervals for the difference between binomial proportions based on paired data",
    Statistics in Medicine 17, 1998, method 10.

    Example:
        >>> from elluminate import statistics
        >>> found = statistics.newcombe(both=1, worse=1, better=7, neither=12)
        >>> round(found.estimate, 3), round(found.low, 3), round(found.high, 3)
        (0.286, 0.026, 0.507)
    """
    for count in (both, worse, better, neither):
        count_within(count, math.inf if count < 0 else count, "every count")
    n = both + worse + better + neither
    z = z_of(confidence)
    if n == 0:
        return Interval(None, None, None, "Newcombe", 0)
    product = (both + worse) * (better + neither) * (both + better) * (worse + neither)
    cross = float(both * neither - worse * better)
    if cross > 0.0:
        cross = max(cross - n / 2, 0.0)
    correlation = cross / math.sqrt(product) if product else 0.0
    low, high = _unpaired_ends((both + worse) / n, (both + better) / n, n, z, correlation)
    return Interval((better - worse) / n, low, high, "Newcombe", n)


def paired_binary(a: Sequence[bool], b: Sequence[bool], confidence: float = 0.95) -> Difference:
    """How far b is above a, with one verdict a row and side: McNemar's exact test and Newcombe's interval.

    Args:
        a: The verdict on each row.
        b: The verdicts on the same rows, in the same order.
        confidence: Above 0 and below 1.

    Returns:
        The difference of the shares; no interval with fewer than two rows.

    Raises:
        ValueError: The two are not of one length, or `confidence` is not within.

    Example:
        >>> from elluminate import statistics
        >>> found = statistics.paired_binary([False] * 6 + [True], [True] * 7)
        >>> round(found.estimate, 3), round(found.low, 3), found.p
        (0.857, 0.345, 0.03125)
    """
    if len(a) != len(b):
        raise ValueError(f"a has {len(a)} rows and b {len(b)}: they must be the same rows")
    counts = Counter((bool(before), bool(after)) for before, after in zip(a, b, strict=True))
    worse, better = counts[True, False], counts[False, True]
    found = newcombe(counts[True, True], worse, better, counts[False, False], confidence)
    known = found if len(a) > 1 else found._replace(low=None, high=None)
    p = mcnemar(worse, better) if len(a) else None
    return Difference(known.estimate, known.low, known.high, p, "Newcombe, exact McNemar", len(a))


def difference_of(a: Rows, b: Rows, confidence: float = 0.95) -> Difference:
    """How far b is above a on the same rows, by the method that fits their verdicts.

    :func:`paired_binary` where each row has one verdict on either side, :func:`paired_difference` of the rows' means
    otherwise.

    Args:
        a: The verdicts of each row, 0 to 1, one at least.
        b: Those of the same rows, in the same order; there may be more or fewer of them.
        confidence: Above 0 and below 1.

    Returns:
        The mean difference with interval and p.

    Raises:
        ValueError: The two are not of one length, a row has no verdict, or `confidence` is not within.

    Example:
        >>> from elluminate import statistics
        >>> statistics.difference_of([[0], [0], [1]], [[1], [1], [1]]).method
        'Newcombe, exact McNemar'
    """
    if not all(map(len, (*a, *b))):
        raise ValueError("a row has no verdict; leave it out of both sides")
    if all(len(row) == 1 and row[0] in (0, 1) for row in (*a, *b)):
        return paired_binary([bool(row[0]) for row in a], [bool(row[0]) for row in b], confidence)
    return paired_difference(means_of(a), means_of(b), confidence)


def means_of(rows: Rows) -> list[float]:
    """The mean of each row's verdicts."""
    return [math.fsum(row) / len(row) for row in rows]
