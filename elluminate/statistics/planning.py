"""Repetitions, and how many rows a comparison needs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from elluminate.statistics.distributions import normal_quantile
from elluminate.statistics.results import two_sided

__all__ = ["pass_at_k", "pass_hat_k", "rows_needed", "smallest_difference"]


def pass_at_k(rows: Sequence[Sequence[bool]], k: int) -> float | None:
    """pass@k: how often at least one of k answers to a row passes.

    Args:
        rows: Whether each answer to a row passed, one for each epoch.
        k: Answers, 1 or more. Rows with fewer do not count.

    Returns:
        The mean over the rows, 0 to 1; None where no row has k answers.

    Raises:
        ValueError: `k` is below 1.

    Chen et al., "Evaluating Large Language Models Trained on Code", arXiv 2107.03374, 2021: 1 - C(n-c, k) / C(n, k).

    Example:
        >>> from elluminate import statistics
        >>> round(statistics.pass_at_k([[True, False, False], [True, True, True]], k=2), 3)
        0.833
    """
    return _mean_of([1 - _all_of(len(row) - _passed(row), len(row), k) for row in _long_enough(rows, k)])


def pass_hat_k(rows: Sequence[Sequence[bool]], k: int) -> float | None:
    """pass^k: how often all of k answers to a row pass.

    Args:
        rows: Whether each answer to a row passed, one for each epoch.
        k: Answers, 1 or more. Rows with fewer do not count.

    Returns:
        The mean over the rows, 0 to 1; None where no row has k answers.

    Raises:
        ValueError: `k` is below 1.

    Yao et al., "tau-bench", arXiv 2406.12045, 2024: C(c, k) / C(n, k).

    Example:
        >>> from elluminate import statistics
        >>> round(statistics.pass_hat_k([[True, False, True], [True, True, True]], k=2), 3)
        0.667
    """
    return _mean_of([_all_of(_passed(row), len(row), k) for row in _long_enough(rows, k)])


def rows_needed(
    difference: float,
    *,
    variance: float = 0.5,
    noise_a: float = 0.0,
    noise_b: float = 0.0,
    epochs_a: int = 1,
    epochs_b: int = 1,
    level: float = 0.05,
    power: float = 0.8,
) -> int:
    """How many rows it takes to find a difference of two experiments over the same rows.

    Args:
        difference: The smallest one that matters, above 0 and at most 1: 0.05 is five points.
        variance: Of the difference from row to row, without the noise of repetitions; with one epoch and no `noise`, of
            the difference as it is measured. At most 0.5 where each row is a coin for either side, which is the
            default; less where the two mostly agree: about the share of rows on which they do not.
        noise_a: Variance of one answer's verdict around its row's mean, in the first experiment, 0 to 0.25.
        noise_b: The same of the second.
        epochs_a: Answers per row of the first.
        epochs_b: Answers per row of the second.
        level: How often a difference may be seen where there is none.
        power: How often a difference of this size is to be found.

    Returns:
        Rows, rounded up.

    Raises:
        ValueError: An argument is not within.

    Miller, "Adding Error Bars to Evals", arXiv 2411.00640, 2024, equation 9.

    Example:
        >>> from elluminate import statistics
        >>> statistics.rows_needed(0.1), statistics.rows_needed(0.1, variance=0.15)
        (393, 118)
    """
    if not 0.0 < difference <= 1.0:
        raise ValueError(f"difference must be above 0 and at most 1, such as 0.05, not {difference!r}")
    whole = _variance(variance, noise_a, noise_b, epochs_a, epochs_b)
    return max(2, math.ceil(_width(level, power) ** 2 * whole / difference**2))


def smallest_difference(
    rows: int,
    *,
    variance: float = 0.5,
    noise_a: float = 0.0,
    noise_b: float = 0.0,
    epochs_a: int = 1,
    epochs_b: int = 1,
    level: float = 0.05,
    power: float = 0.8,
) -> float | None:
    """The smallest difference that so many rows show with the given power; the other way round :func:`rows_needed`.

    Args:
        rows: Rows that both experiments have.
        variance: As for `rows_needed`, and so are the others.
        noise_a: Variance of one answer's verdict around its row's mean, in the first experiment.
        noise_b: The same of the second.
        epochs_a: Answers per row of the first.
        epochs_b: Answers per row of the second.
        level: How often a difference may be seen where there is none.
        power: How often the difference is to be found.

    Returns:
        The difference, above 0; None with fewer than two rows. Above 1 it says that none can be found so surely.

    Raises:
        ValueError: An argument is not within.

    Miller, "Adding Error Bars to Evals", arXiv 2411.00640, 2024.

    Example:
        >>> from elluminate import statistics
        >>> round(statistics.smallest_difference(393), 3)
        0.1
    """
    whole = _variance(variance, noise_a, noise_b, epochs_a, epochs_b)
    width = _width(level, power)
    return None if rows < 2 else width * math.sqrt(whole / rows)


def _variance(variance: float, noise_a: float, noise_b: float, epochs_a: int, epochs_b: int) -> float:
    if min(variance, noise_a, noise_b) < 0.0:
        raise ValueError(f"variances must be 0 or more, not {variance!r}, {noise_a!r} and {noise_b!r}")
    if min(epochs_a, epochs_b) < 1:
        raise ValueError(f"epochs must be 1 or more, not {epochs_a!r} and {epochs_b!r}")
    return variance + noise_a / epochs_a + noise_b / epochs_b


def _width(level: float, power: float) -> float:
    """From the difference that counts as one to the one that is found, in standard errors."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must be above 0 and below 1, such as 0.05, not {level!r}")
    if not 0.0 < power < 1.0:
        raise ValueError(f"power must be above 0 and below 1, such as 0.8, not {power!r}")
    return normal_quantile(two_sided(1.0 - level)) + normal_quantile(power)


def _long_enough(rows: Sequence[Sequence[bool]], k: int) -> list[Sequence[bool]]:
    if k < 1:
        raise ValueError(f"k must be 1 or more, not {k!r}")
    return [row for row in rows if len(row) >= k]


def _passed(row: Sequence[bool]) -> int:
    return sum(map(bool, row))


def _all_of(chosen_from: int, n: int, k: int) -> float:
    return math.comb(chosen_from, k) / math.comb(n, k)


def _mean_of(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
