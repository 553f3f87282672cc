"""Differences over the same rows: how large they are, and how often chance alone makes them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from elluminate.statistics.checking import (
    checked_count,
    checked_levels,
    checked_pair,
    checked_rows,
    checked_verdict,
)
from elluminate.statistics.distributions import beta_cdf, t_quantile
from elluminate.statistics.intervals import Rows, rate, score_ends
from elluminate.statistics.results import Difference, Interval, two_sided, z_of
from elluminate.statistics.sign_flips import sign_flip

__all__ = ["difference_of", "mcnemar", "newcombe", "paired_binary", "paired_difference"]

_WRITTEN_OUT = 10_000
"""Rows that differ, up to which the binomial distribution is added up term by term."""


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
    return _of_means(a, b, confidence, None)


def _of_means(
    a: Sequence[float], b: Sequence[float], confidence: float, rates: tuple[Interval, Interval] | None
) -> Difference:
    above, n = two_sided(confidence), checked_pair(a, b, "rows")
    checked_levels(a, "a")
    checked_levels(b, "b")
    differences = [after - before for before, after in zip(a, b, strict=True)]
    if n < 2:
        estimate = differences[0] if n else None
        return Difference(estimate, None, None, sign_flip(differences), "paired t, sign flips", n)
    mean = math.fsum(differences) / n
    error = math.sqrt(math.fsum((one - mean) ** 2 for one in differences) / (n - 1) / n)
    if error <= 1e-12:
        low, high = _ends_of_rates(rates) or _unpaired_ends(
            math.fsum(a) / n, math.fsum(b) / n, n, z_of(confidence)
        )
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


def _ends_of_rates(rates: tuple[Interval, Interval] | None) -> tuple[float, float] | None:
    """The ends of the interval of b - a, squared and added of those of two rates; None where these have none."""
    if rates is None:
        return None
    (a, a_low, a_high, *_), (b, b_low, b_high, *_) = rates
    if a is None or a_low is None or a_high is None or b is None or b_low is None or b_high is None:
        return None
    low, high = b - a - math.hypot(b - b_low, a_high - a), b - a + math.hypot(b_high - b, a - a_low)
    return max(-1.0, low), min(1.0, high)


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
    worse, better = checked_count(worse, "worse"), checked_count(better, "better")
    n, fewer = worse + better, min(worse, better)
    if n > _WRITTEN_OUT:
        return min(1.0, max(math.ulp(0.0), 2 * beta_cdf(0.5, n - fewer, fewer + 1)))
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
    for count, what in ((both, "both"), (worse, "worse"), (better, "better"), (neither, "neither")):
        checked_count(count, what)
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
    checked_pair(a, b, "rows")
    for verdicts, what in ((a, "a"), (b, "b")):
        for place, verdict in enumerate(verdicts):
            checked_verdict(verdict, f"{what}[{place}]")
    counts = Counter((bool(before), bool(after)) for before, after in zip(a, b, strict=True))
    worse, better = counts[True, False], counts[False, True]
    found = newcombe(counts[True, True], worse, better, counts[False, False], confidence)
    known = found if len(a) > 1 else found._replace(low=None, high=None)
    p = mcnemar(worse, better) if len(a) else None
    return Difference(known.estimate, known.low, known.high, p, "Newcombe, exact McNemar", len(a))


def difference_of(
    a: Rows, b: Rows, confidence: float = 0.95, *, rates: tuple[Interval, Interval] | None = None
) -> Difference:
    """How far b is above a on the same rows, by the method that fits their verdicts.

    :func:`paired_binary` where each row has one verdict on either side, :func:`paired_difference` of the rows' means
    otherwise.

    Args:
        a: The verdicts of each row, 0 to 1, one at least.
        b: Those of the same rows, in the same order; there may be more or fewer of them.
        confidence: Above 0 and below 1.
        rates: The rates of a and b as they are told beside it. Where all rows differ by the same, their intervals are
            what that of the difference is made of; None takes those of :func:`rate` where all rows have as many
            verdicts, and counts each row once otherwise.

    Returns:
        The mean difference with interval and p.

    Raises:
        ValueError: The two are not of one length, a row has no verdict, or `confidence` is not within.

    Example:
        >>> from elluminate import statistics
        >>> statistics.difference_of([[0], [0], [1]], [[1], [1], [1]]).method
        'Newcombe, exact McNemar'
    """
    checked_rows(a, "a")
    checked_rows(b, "b")
    if not all(map(len, (*a, *b))):
        raise ValueError("a row has no verdict; leave it out of both sides")
    if all(len(row) == 1 and row[0] in (0, 1) for row in (*a, *b)):
        return paired_binary([bool(row[0]) for row in a], [bool(row[0]) for row in b], confidence)
    if rates is None and len({len(row) for row in a}) == 1 == len({len(row) for row in b}):
        rates = rate(a, confidence), rate(b, confidence)
    return _of_means(means_of(a), means_of(b), confidence, rates)


def means_of(rows: Rows) -> list[float]:
    """The mean of each row's verdicts."""
    return [math.fsum(row) / len(row) for row in rows]
