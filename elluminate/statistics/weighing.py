"""Two sides over the same rows, each row with its verdicts by some criteria: what can be said of the difference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from elluminate.statistics.comparing import difference_of
from elluminate.statistics.deciding import decide, detectable
from elluminate.statistics.intervals import clustered_wilson, rate
from elluminate.statistics.results import Decision, Difference, Interval

__all__ = ["RowVerdicts", "Weighed", "weigh"]

RowVerdicts: TypeAlias = Sequence[Sequence[bool]]
"""Of one row: for each criterion, the verdicts on its answers, one at least."""


class Weighed(NamedTuple):
    """How b compares with a.

    Attributes:
        rate_a: The rate of a, each row counted alike.
        rate_b: That of b.
        difference: How far b is above a, with its interval and p.
        verdict: What can be said.
        detectable: The smallest difference that these rows would show most of the time; None where that is unknown.
        means_a: The mean of each row of a.
        means_b: That of b.
    """

    rate_a: Interval
    rate_b: Interval
    difference: Difference
    verdict: Decision
    detectable: float | None
    means_a: list[float]
    means_b: list[float]


def weigh(a: Sequence[RowVerdicts], b: Sequence[RowVerdicts], level: float) -> Weighed:
    """Weigh b against a.

    Args:
        a: The rows of one side. Of a row, both sides have verdicts by the same criteria.
        b: The same rows, in the same order.
        level: How often a difference may be seen where there is none, above 0 and below 1.

    Raises:
        ValueError: The two are not of one length, or `level` is not within.

    Example:
        >>> from elluminate.statistics.weighing import weigh
        >>> found = weigh([[[False]]] * 6 + [[[True]]], [[[True]]] * 7, 0.05)
        >>> found.verdict, found.difference.p
        ('better', 0.03125)
    """
    means_a, means_b = _means(a), _means(b)
    single = all(len(row) == 1 == len(row[0]) for row in (*a, *b))
    rows_a = [row[0] for row in a] if single else [[mean] for mean in means_a]
    rows_b = [row[0] for row in b] if single else [[mean] for mean in means_b]
    rates = _rate(a, 1.0 - level), _rate(b, 1.0 - level)
    difference = difference_of(rows_a, rows_b, 1.0 - level, rates=rates)
    return Weighed(
        *rates,
        difference,
        decide(difference, level),
        detectable(rows_a, rows_b, level, rates=rates),
        means_a,
        means_b,
    )


def _means(rows: Sequence[RowVerdicts]) -> list[float]:
    return [math.fsum(sum(one) / len(one) for one in row) / len(row) for row in rows]


def _rate(rows: Sequence[RowVerdicts], confidence: float) -> Interval:
    """The mean over the rows with its interval; of all verdicts, where these count alike."""
    if len({len(one) for row in rows for one in row}) <= 1 and len({len(row) for row in rows}) <= 1:
        return rate([[verdict for one in row for verdict in one] for row in rows], confidence)
    return clustered_wilson([[mean] for mean in _means(rows)], confidence)
