"""Repetitions, and how many rows a comparison needs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from elluminate.statistics.checking import checked_count, checked_number, checked_rows
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
        difference: The smallest one that matters, 0.000001 to 1: 0.05 is five points.
        variance: Of the difference from row to row, without the noise of repetitions; with one epoch and no `noise`, of
            the difference as it is measured. 0 to 0.5: that is where each row is a coin for either side, which is the
            default; less where the two mostly agree: about the share of rows on which they do not.
        noise_a: Variance of one answer's verdict around its row's mean, in the first experiment, 0 to 0.25.
        noise_b: The same of the second.
        epochs_a: Answers per row of the first.
        epochs_b: Answers per row of the second.
        level: How often a difference may be seen where there is none.
        power: How often a difference of this size is to be found.

    Returns:
        Rows, rounded up; at least as many as the exact test needs to come to the level when all of them differ in one
        direction: six at 0.05.

    Raises:
        ValueError: An argument is not within.

    Miller, "Adding Error Bars to Evals", arXiv 2411.00640, 2024, equation 9.

    Example:
        >>> from elluminate import statistics
        >>> statistics.rows_needed(0.1), statistics.rows_needed(0.1, variance=0.15)
        (393, 118)
    """
    if checked_number(difference, "difference", 0.0, 1.0) < 1e-6:
        raise ValueError(f"difference must be 0.000001 to 1, such as 0.05, not {difference!r}")
    whole = _variance(variance, noise_a, noise_b, epochs_a, epochs_b)
    rows = math.ceil(_width(level, power) ** 2 * whole / difference**2)
    return max(fewest_rows(level), rows)


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
        The difference, above 0 and at most 1; None where so few rows can show none so surely: fewer than six at the
        level of 0.05, even if all of them differ in one direction.

    Raises:
        ValueError: An argument is not within.

    Miller, "Adding Error Bars to Evals", arXiv 2411.00640, 2024.

    Example:
        >>> from elluminate import statistics
        >>> round(statistics.smallest_difference(393), 3)
        0.1
    """
    whole = _variance(variance, noise_a, noise_b, epochs_a, epochs_b)
    checked_count(rows, "rows")
    _width(level, power)
    if rows < fewest_rows(level):
        return None
    found = shown_by(rows, whole, level, power)
    return found if found <= 1.0 else None


def fewest_rows(level: float) -> int:
    """How many rows must all differ in one direction for the exact test's p, 2 of 2**rows, to be at most the level."""
    return math.ceil(math.log2(2.0 / level))


def shown_by(rows: int, variance: float, level: float, power: float) -> float:
    """The difference that is found with the power, by the variance of one row's; above 1 where none is."""
    return _width(level, power) * math.sqrt(variance / rows)


def _variance(variance: float, noise_a: float, noise_b: float, epochs_a: int, epochs_b: int) -> float:
    checked_number(variance, "variance", 0.0, 0.5)
    for noise, epochs, side in ((noise_a, epochs_a, "a"), (noise_b, epochs_b, "b")):
        checked_number(noise, f"noise_{side}", 0.0, 0.25)
        checked_count(epochs, f"epochs_{side}", 1)
    return variance + noise_a / epochs_a + noise_b / epochs_b


def _width(level: float, power: float) -> float:
    """From the difference that counts as one to the one that is found, in standard errors."""
    checked_number(level, "level", 0.0, 1.0, between=True)
    checked_number(power, "power", 0.0, 1.0, between=True)
    return normal_quantile(two_sided(1.0 - level)) + normal_quantile(power)


def _long_enough(rows: Sequence[Sequence[bool]], k: int) -> list[Sequence[float]]:
    checked_count(k, "k", 1)
    return [row for row in checked_rows(rows) if len(row) >= k]


def _passed(row: Sequence[float]) -> int:
    return sum(map(bool, row))


def _all_of(chosen_from: int, n: int, k: int) -> float:
    return math.comb(chosen_from, k) / math.comb(n, k)


def _mean_of(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
