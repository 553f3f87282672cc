"""Intervals around shares of YES: of independent trials, and of rows whose verdicts hang together.

The unit is the row. The verdicts of one row (its criteria, its epochs) are correlated: a count of verdicts is no count
of independent trials.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from elluminate.statistics.checking import checked_count, checked_rows
from elluminate.statistics.distributions import beta_quantile, t_quantile
from elluminate.statistics.results import Interval, count_within, two_sided, z_of

__all__ = [
    "clopper_pearson",
    "clustered",
    "clustered_error",
    "clustered_wilson",
    "effective_wilson",
    "intraclass_correlation",
    "rate",
    "wilson",
]

Rows = Sequence[Sequence[float]]
"""Rows with their verdicts: True or 1 for YES, False or 0 for NO. Rows without a verdict do not count."""

FEW_ROWS = 30
"""Below so many rows the central limit theorem is not relied upon."""


def wilson(yes: float, n: float, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a share.

    Args:
        yes: How many of the trials are YES, 0 to n.
        n: Independent trials, 0 or more; a fraction where it is an effective number.
        confidence: Above 0 and below 1.

    Returns:
        The share and its interval, each 0 to 1; None without a trial. One trial has an interval, a wide one; with all
        YES it ends at 1, and does not shrink to a point.

    Raises:
        ValueError: An argument is not within.

    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.

    Example:
        >>> from elluminate import statistics
        >>> found = statistics.wilson(40, 50)
        >>> round(found.low, 3), round(found.high, 3)
        (0.67, 0.888)
    """
    count_within(yes, n, "yes")
    z = z_of(confidence)
    if n == 0:
        return Interval(None, None, None, "Wilson", 0)
    low, high = score_ends(yes / n, n, z)
    return Interval(yes / n, low, high, "Wilson", int(n))


def score_ends(share: float, n: float, z: float) -> tuple[float, float]:
    """The ends of Wilson's interval, which are 0 and 1 exactly where the share is."""
    centre = share + z * z / (2.0 * n)
    half = z * math.sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n))
    whole = 1.0 + z * z / n
    low = 0.0 if share == 0.0 else (centre - half) / whole
    high = 1.0 if share == 1.0 else (centre + half) / whole
    return max(0.0, low), min(1.0, high)


def clopper_pearson(yes: int, n: int, confidence: float = 0.95) -> Interval:
    """The exact interval of a share: it holds the true one at least as often as it says, and is wider for that.

    Args:
        yes: How many of the trials are YES, 0 to n.
        n: Independent trials, 0 or more.
        confidence: Above 0 and below 1.

    Returns:
        The share and its interval, each 0 to 1; None without a trial. It begins at 0 where none is YES, and ends at 1
        where all are.

    Raises:
        ValueError: An argument is not within.

    Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial",
    Biometrika 26, 1934.

    Example:
        >>> from elluminate import statistics
        >>> print(statistics.clopper_pearson(10, 10))
        100.0% [69.2%, 100.0%]
    """
    checked_count(n, "n")
    checked_count(yes, "yes", high=n)
    above = two_sided(confidence)
    if n == 0:
        return Interval(None, None, None, "Clopper-Pearson", 0)
    low = 0.0 if yes == 0 else beta_quantile(1.0 - above, yes, n - yes + 1)
    high = 1.0 if yes == n else beta_quantile(above, yes + 1, n - yes)
    return Interval(yes / n, low, high, "Clopper-Pearson", n)


def clustered_error(rows: Rows) -> float | None:
    """The standard error of the share of all verdicts, where those of one row hang together.

    Args:
        rows: The verdicts of each row, 0 to 1; rows may have different numbers of them.

    Returns:
        The standard error, 0 or more; None with fewer than two rows that have a verdict.

    Liang and Zeger, "Longitudinal data analysis using generalized linear models", Biometrika 73, 1986, with C/(C-1);
    Miller, "Adding Error Bars to Evals", arXiv 2411.00640, 2024.

    Example:
        >>> from elluminate import statistics
        >>> round(statistics.clustered_error([[1, 1, 1], [0, 0, 0], [1, 1, 0]]), 4)
        0.294
    """
    judged = _judged(rows)
    if len(judged) < 2:
        return None
    n = sum(map(len, judged))
    mean = _mean(judged)
    deviations = math.fsum(math.fsum(verdict - mean for verdict in row) ** 2 for row in judged)
    return math.sqrt(len(judged) / (len(judged) - 1) * deviations) / n


def clustered(rows: Rows, confidence: float = 0.95) -> Interval:
    """The share of all verdicts with an interval by the clustered standard error and Student's t.

    Args:
        rows: The verdicts of each row, 0 to 1.
        confidence: Above 0 and below 1.

    Returns:
        The share and its interval, cut off at 0 and 1; no interval with fewer than two rows, and one of no width where
        all rows are alike: :func:`rate` takes another method there, and where rows are few.

    Raises:
        ValueError: `confidence` is not within.

    Miller, "Adding Error Bars to Evals", arXiv 2411.00640, 2024; t with C-1 degrees of freedom for C rows.

    Example:
        >>> from elluminate import statistics
        >>> found = statistics.clustered([[1, 1], [0, 1], [1, 0], [0, 0], [1, 1]])
        >>> round(found.estimate, 3), round(found.low, 3), round(found.high, 3), found.n
        (0.6, 0.081, 1.0, 5)
    """
    above = two_sided(confidence)
    judged, error = _judged(rows), clustered_error(rows)
    estimate = _mean(judged) if judged else None
    if estimate is None or error is None:
        return Interval(estimate, None, None, "clustered t", len(judged))
    half = t_quantile(above, len(judged) - 1) * error
    return Interval(
        estimate, max(0.0, estimate - half), min(1.0, estimate + half), "clustered t", len(judged)
    )


def intraclass_correlation(rows: Rows) -> float | None:
    """How much the verdicts of one row hang together: 0 not at all, 1 wholly.

    Args:
        rows: The verdicts of each row, 0 to 1; rows may have different numbers of them.

    Returns:
        The correlation by analysis of variance, kept within 0 to 1; None where it is undefined: with fewer than two
        rows, with one verdict a row, or where all verdicts are the same.

    Fleiss, "Statistical Methods for Rates and Proportions", 1981; Donner, "A review of inference procedures for the
    intraclass correlation coefficient in the one-way random effects model", 1986.

    Example:
        >>> from elluminate import statistics
        >>> statistics.intraclass_correlation([[1, 1], [0, 0], [1, 1]])
        1.0
    """
    judged = _judged(rows)
    sizes = list(map(len, judged))
    n, c = sum(sizes), len(judged)
    if c < 2 or n == c:
        return None
    mean = _mean(judged)
    means = [math.fsum(row) / len(row) for row in judged]
    between = math.fsum(size * (one - mean) ** 2 for size, one in zip(sizes, means, strict=True)) / (c - 1)
    within = math.fsum(
        (verdict - one) ** 2 for row, one in zip(judged, means, strict=True) for verdict in row
    ) / (n - c)
    typical = (n - sum(size * size for size in sizes) / n) / (c - 1)
    whole = between + (typical - 1.0) * within
    if whole <= 0.0:
        return None
    return min(1.0, max(0.0, (between - within) / whole))


def effective_wilson(rows: Rows, confidence: float = 0.95) -> Interval:
    """Wilson's interval with as many trials as the verdicts are worth: for few rows with several verdicts each.

    The effective number is n / (1 + (m - 1)·rho) for n verdicts, m of them a row, and rho their intraclass correlation.
    Where rho is undefined because all verdicts are the same, a row counts once. In place of the normal quantile stands
    Student's with C - 1 degrees of freedom for C rows, because the number is estimated from these.

    Args:
        rows: The verdicts of each row, 0 or 1.
        confidence: Above 0 and below 1.

    Returns:
        The share and its interval; no interval with fewer than two rows.

    Raises:
        ValueError: `confidence` is not within.

    Kish, "Survey Sampling", 1965 (the design effect); Dean and Pagano, "Evaluating Confidence Interval Methods for
    Binomial Proportions in Clustered Surveys", Journal of Survey Statistics and Methodology 3, 2015.

    Example:
        >>> from elluminate import statistics
        >>> print(statistics.effective_wilson([[1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]]))
        100.0% [28.3%, 100.0%]
    """
    above = two_sided(confidence)
    judged = _judged(rows)
    method = "Wilson, effective n"
    if len(judged) < 2:
        return Interval(_mean(judged) if judged else None, None, None, method, len(judged))
    sizes = list(map(len, judged))
    n = sum(sizes)
    correlation = intraclass_correlation(judged)
    size = sum(one * one for one in sizes) / n
    effective = n / (1.0 + (size - 1.0) * (1.0 if correlation is None else correlation))
    low, high = score_ends(_mean(judged), effective, t_quantile(above, len(judged) - 1))
    return Interval(_mean(judged), low, high, method, len(judged))


def clustered_wilson(rows: Rows, confidence: float = 0.95) -> Interval:
    """The share of all verdicts with the clustered standard error in Wilson's form, which holds near 0 and 1, too.

    As many trials as would have this error, p(1-p)/error², at most as many as there are verdicts, and Student's
    quantile with C - 1 degrees of freedom for C rows. Where all rows are alike, a row counts once.

    Args:
        rows: The verdicts of each row, 0 or 1.
        confidence: Above 0 and below 1.

    Returns:
        The share and its interval; no interval with fewer than two rows.

    Raises:
        ValueError: `confidence` is not within.

    Korn and Graubard, "Confidence intervals for proportions with small expected number of positive counts estimated
    from survey data", Survey Methodology 24, 1998 (the effective number), with Wilson's form as Dean and Pagano (2015).

    Example:
        >>> from elluminate import statistics
        >>> print(statistics.clustered_wilson([[1, 1]] * 36 + [[0, 1]] * 4))
        95.0% [87.5%, 98.1%]
    """
    above = two_sided(confidence)
    judged = _judged(rows)
    method = "clustered Wilson"
    error = clustered_error(judged)
    if error is None:
        return Interval(_mean(judged) if judged else None, None, None, method, len(judged))
    estimate, n = _mean(judged), sum(map(len, judged))
    worth = estimate * (1.0 - estimate) / error**2 if error > 1e-12 else len(judged)
    low, high = score_ends(estimate, min(worth, n), t_quantile(above, len(judged) - 1))
    return Interval(estimate, low, high, method, len(judged))


def rate(rows: Rows, confidence: float = 0.95) -> Interval:
    """The share of YES among the verdicts of rows, with the interval that fits them.

    Wilson's where each row has one verdict; with several a row :func:`effective_wilson` below 30 rows, and
    :func:`clustered_wilson` from 30 rows on.

    Args:
        rows: The verdicts of each row: True or 1 for YES, False or 0 for NO. Rows without a verdict do not count.
        confidence: Above 0 and below 1.

    Returns:
        The share and its interval, each 0 to 1; `n` is the number of rows. Without a verdict all is None; with one row
        there is no interval.

    Raises:
        ValueError: `confidence` is not within.

    Miller, "Adding Error Bars to Evals", arXiv 2411.00640, 2024, for the unit and its error; Bowyer, Aitchison and
    Ivanova, "Position: Don't Use the CLT in LLM Evals With Fewer Than a Few Hundred Datapoints", ICML 2025.

    Example:
        >>> from elluminate import statistics
        >>> found = statistics.rate([[True], [True], [False], [True]])
        >>> print(found, found.method, found.n)
        75.0% [30.1%, 95.4%] Wilson 4
    """
    two_sided(confidence)
    judged = _judged(rows)
    if len(judged) < 2:
        return Interval(_mean(judged) if judged else None, None, None, "Wilson", len(judged))
    if all(len(row) == 1 for row in judged):
        return wilson(math.fsum(row[0] for row in judged), len(judged), confidence)
    if len(judged) < FEW_ROWS:
        return effective_wilson(judged, confidence)
    return clustered_wilson(judged, confidence)


def _judged(rows: Rows) -> list[Sequence[float]]:
    return [row for row in checked_rows(rows) if len(row)]


def _mean(judged: Rows) -> float:
    return math.fsum(verdict for row in judged for verdict in row) / sum(map(len, judged))
