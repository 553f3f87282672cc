"""What the functions of this package return. What is undefined is None, never 0."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from elluminate.statistics.checking import checked_number
from elluminate.statistics.distributions import normal_quantile

__all__ = ["Decision", "Difference", "Interval", "Kappa"]

Decision: TypeAlias = Literal["better", "worse", "not enough evidence"]
"""What can be said of an experiment as compared with another one."""


class Interval(NamedTuple):
    """An estimate and the interval around it.

    Attributes:
        estimate: The estimate; None where there is nothing to estimate from.
        low: Lower end; None where it is undefined.
        high: Upper end; None where it is undefined.
        method: How the interval was made.
        n: What it rests on: rows, or trials where each row has one verdict.

    Example:
        >>> from elluminate import statistics
        >>> print(statistics.wilson(9, 10))
        90.0% [59.6%, 98.2%]
    """

    estimate: float | None
    low: float | None
    high: float | None
    method: str
    n: int

    @property
    def is_known(self) -> bool:
        """Whether there is an interval."""
        return self.low is not None and self.high is not None

    def __str__(self) -> str:
        if self.estimate is None:
            return "not measured"
        if self.low is None or self.high is None:
            return f"{self.estimate:.1%}"
        return f"{self.estimate:.1%} [{self.low:.1%}, {self.high:.1%}]"

    def __format__(self, spec: str) -> str:
        """The estimate alone in a format of numbers, such as ".1%"; without a format the same as `str()`."""
        if not spec:
            return str(self)
        return "not measured" if self.estimate is None else format(self.estimate, spec)


class Difference(NamedTuple):
    """How far b is above a, over the same rows.

    Attributes:
        estimate: Mean of b - a over the rows, -1 to 1 for shares; None without rows.
        low: Lower end of the interval; None where it is undefined.
        high: Upper end; None where it is undefined.
        p: How often chance alone gives a difference that is as large, in either direction, 0 to 1; None without rows.
        method: How interval and p were made.
        n: Rows.
    """

    estimate: float | None
    low: float | None
    high: float | None
    p: float | None
    method: str
    n: int

    def __str__(self) -> str:
        if self.estimate is None:
            return "not measured"
        ends = "" if self.low is None or self.high is None else f" [{self.low:+.1%}, {self.high:+.1%}]"
        return f"{self.estimate:+.1%}{ends}, p {'unknown' if self.p is None else f'{self.p:.3g}'}"

    def __format__(self, spec: str) -> str:
        """The estimate alone in a format of numbers, such as "+.1%"; without a format the same as `str()`."""
        if not spec:
            return str(self)
        return "not measured" if self.estimate is None else format(self.estimate, spec)


class Kappa(NamedTuple):
    """How far two raters agree beyond chance.

    Attributes:
        estimate: Cohen's kappa, -1 to 1; None where it is undefined.
        observed: Share of the items that they agree on; None without items.
        expected: Share that chance alone would give; None without items.
        base_rate: Share of the first rater's labels that are the positive one; None without items.
        n: Items.
    """

    estimate: float | None
    observed: float | None
    expected: float | None
    base_rate: float | None
    n: int

    def __str__(self) -> str:
        if self.observed is None or self.expected is None:
            return "not measured"
        kappa = "undefined" if self.estimate is None else f"{self.estimate:.2f}"
        return f"kappa {kappa} (agreement {self.observed:.1%}, by chance {self.expected:.1%}, {self.n} items)"


def two_sided(confidence: float) -> float:
    """The probability below the upper end of a two-sided interval.

    Raises:
        ValueError: `confidence` is not above 0 and below 1.
    """
    return 0.5 + checked_number(confidence, "confidence", 0.0, 1.0, between=True) / 2.0


def z_of(confidence: float) -> float:
    """Half the width of a two-sided interval, in standard errors of a normal variable."""
    return normal_quantile(two_sided(confidence))


def count_within(count: float, n: float, what: str) -> None:
    """Refuse a count that is negative, no number, or more than there is.

    Raises:
        TypeError: It, or what there is, is no number.
        ValueError: It is not within.
    """
    checked_number(n, "n", 0.0)
    checked_number(count, what, 0.0, n)
