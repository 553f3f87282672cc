"""Quantiles and probabilities of the normal, Student's t and Beta distributions, by the standard library alone."""

from __future__ import annotations

import math

from elluminate.statistics.checking import checked_number

__all__ = ["beta_cdf", "beta_quantile", "normal_quantile", "t_quantile"]

_EPSILON = 2.0**-53
_TINY = 1e-300
_MOST_TERMS = 100_000
"""Of the continued fraction, which needs about the root of the larger parameter."""

_LARGEST_PARAMETER = 1e9 + 1.0
"""A billion rows, and one: up to a million the quantiles are good to 1e-9, up to a billion to 1e-6."""
_LEAST_DEGREES = 0.1
"""Below, Student's quantiles are larger than any number is good for."""


def normal_quantile(p: float) -> float:
    """The value that a standard normal variable stays below with probability p.

    Args:
        p: Above 0 and below 1.

    Raises:
        ValueError: `p` is not within.

    The start is Hastings' rational approximation (Abramowitz and Stegun, Handbook of Mathematical Functions, 1964,
    26.2.23), refined by Halley's method on the complementary error function.

    Example:
        >>> from elluminate import statistics
        >>> round(statistics.normal_quantile(0.975), 6)
        1.959964
    """
    _check_within(p)
    if p > 0.5:
        return -normal_quantile(1.0 - p)
    t = math.sqrt(-2.0 * math.log(p))
    top, bottom = (
        2.515517 + t * (0.802853 + t * 0.010328),
        1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)),
    )
    z = top / bottom - t
    for _ in range(3):
        error = 0.5 * math.erfc(-z / math.sqrt(2.0)) - p
        step = error * math.sqrt(2.0 * math.pi) * math.exp(0.5 * z * z)
        z -= step / (1.0 + 0.5 * z * step)
    return z


def t_quantile(p: float, degrees: float) -> float:
    """The value that Student's t stays below with probability p.

    Args:
        p: Above 0 and below 1.
        degrees: Degrees of freedom, above 0.

    Raises:
        ValueError: An argument is not within.

    By the Beta distribution of degrees / (degrees + t²) (Student, "The probable error of a mean", Biometrika 6, 1908;
    Abramowitz and Stegun, 1964, 26.7.1).

    Example:
        >>> from elluminate import statistics
        >>> round(statistics.t_quantile(0.975, 9), 6)
        2.262157
    """
    _check_within(p)
    checked_number(degrees, "degrees", _LEAST_DEGREES, _LARGEST_PARAMETER)
    if p == 0.5:
        return 0.0
    if p < 0.5:
        return -t_quantile(1.0 - p, degrees)
    share = beta_quantile(2.0 * (1.0 - p), degrees / 2.0, 0.5)
    if share < 0.5:
        return math.sqrt(degrees * (1.0 - share) / share)
    rest = beta_quantile(2.0 * p - 1.0, 0.5, degrees / 2.0)  # 1 - share, without losing its digits
    return math.sqrt(degrees * rest / (1.0 - rest))


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete Beta function: the probability that a Beta variable is at most x.

    Args:
        x: 0 to 1.
        a: First parameter, above 0.
        b: Second parameter, above 0.

    Raises:
        ValueError: An argument is not within.

    By its continued fraction (Abramowitz and Stegun, 1964, 26.5.8), evaluated as Lentz has it (Applied Optics 15,
    1976).

    Example:
        >>> from elluminate import statistics
        >>> round(statistics.beta_cdf(0.5, 2, 3), 6)
        0.6875
    """
    _check_parameters(a, b)
    checked_number(x, "x", 0.0, 1.0)
    return _beta_cdf(x, a, b)


def _beta_cdf(x: float, a: float, b: float) -> float:
    if x in (0.0, 1.0):
        return x
    if x <= (a + 1.0) / (a + b + 2.0):
        return math.exp(_log_power(x, a, b)) * _fraction(x, a, b) / a
    return 1.0 - math.exp(_log_power(x, a, b)) * _fraction(1.0 - x, b, a) / b


def beta_quantile(p: float, a: float, b: float) -> float:
    """The value that a Beta variable stays below with probability p, to 1e-12.

    Args:
        p: 0 to 1.
        a: First parameter, above 0.
        b: Second parameter, above 0.

    Raises:
        ValueError: An argument is not within.

    Newton's method on :func:`beta_cdf`, kept within a bracket that shrinks with every step.

    Example:
        >>> from elluminate import statistics
        >>> round(statistics.beta_quantile(0.6875, 2, 3), 6)
        0.5
    """
    checked_number(p, "p", 0.0, 1.0)
    _check_parameters(a, b)
    if p in (0.0, 1.0):
        return p
    low, high = 0.0, 1.0
    x = a / (a + b)
    for _ in range(200):
        error = _beta_cdf(x, a, b) - p
        if error == 0.0:
            return x
        low, high = (x, high) if error < 0.0 else (low, x)
        density = math.exp(_log_power(x, a, b) - math.log(x) - math.log1p(-x))
        following = x - error / density if density > _TINY else low
        if not low < following < high:
            # Halfway by magnitude near 0, where a half of the bracket would be far too much.
            following = math.sqrt(low * high) if low > 0.0 and high > 4.0 * low else (low + high) / 2.0
        if abs(following - x) <= 2.0 * _EPSILON * x:
            return following
        x = following
    return x


def _log_power(x: float, a: float, b: float) -> float:
    """The logarithm of x**a (1-x)**b / B(a, b)."""
    larger, smaller = max(a, b), min(a, b)
    return a * math.log(x) + b * math.log1p(-x) + _log_gamma_ratio(larger, smaller) - math.lgamma(smaller)


def _log_gamma_ratio(a: float, b: float) -> float:
    """log Gamma(a + b) - log Gamma(a), by Stirling's series where both are so large that their digits are lost."""
    if a < 20.0:
        return math.lgamma(a + b) - math.lgamma(a)
    return (
        (a + b - 0.5) * math.log1p(b / a)
        + b * (math.log(a) - 1.0)
        + _beyond_stirling(a + b)
        - _beyond_stirling(a)
    )


def _beyond_stirling(a: float) -> float:
    square = 1.0 / (a * a)
    return (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / a


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1.0 / _not_zero(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d = 1.0 / _not_zero(1.0 + even * d)
        c = _not_zero(1.0 + even / c)
        value *= c * d
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d = 1.0 / _not_zero(1.0 + odd * d)
        c = _not_zero(1.0 + odd / c)
        value *= c * d
        if abs(c * d - 1.0) <= 2.0 * _EPSILON:
            break
    return value


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _check_parameters(a: float, b: float) -> None:
    for value, name in ((a, "a"), (b, "b")):
        checked_number(value, name, 0.0, between=True)
        checked_number(value, name, 0.0, _LARGEST_PARAMETER)


def _check_within(p: float) -> None:
    checked_number(p, "p", 0.0, 1.0, between=True)
