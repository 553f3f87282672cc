"""What a judge is worth, measured on labels that were drawn by its verdicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from elluminate.statistics.intervals import rate
from elluminate.statistics.results import Interval

__all__ = ["JudgeRates", "judge_rates"]

Rows = Sequence[Sequence[float]]


class JudgeRates(NamedTuple):
    """What a judge is worth by one criterion.

    Attributes:
        true_positive: Of what is right, the share that it calls YES.
        true_negative: Of what is wrong, the share that it calls NO.
        corrected: The share of what is right, its errors taken out: the corrected pass rate.
    """

    true_positive: Interval
    true_negative: Interval
    corrected: Interval


def judge_rates(
    verdicts: Rows, labels_of_yes: Rows, labels_of_no: Rows, confidence: float = 0.95
) -> JudgeRates:
    """How often a judge is right, where labels were drawn by its verdicts: half from its YES, half from its NO, say.

    Labels that were drawn so tell how often its YES is right, and how often its NO is wrong; not, by themselves, how
    much of what is right it finds: of a judge that says YES nine times of ten, half of the labels would be of its few
    NO. So each side is weighed by how often the judge says it. That holds for any draw that does not look further than
    at the verdict, and for labels of all or of any, too.

    Args:
        verdicts: All verdicts of the judge, those of each row: True or 1 for YES.
        labels_of_yes: What the labels of its YES say, those of each row: True or 1 for YES.
        labels_of_no: What the labels of its NO say.
        confidence: Above 0 and below 1.

    Returns:
        The rates with their intervals: Wilson's of each side (of rows, as in :func:`rate`), put together by Donner and
        Zou's method. What rests on a side without two labelled rows is None, and so are the two first ones of a judge
        that says the same of all.

    Raises:
        ValueError: An argument is not within.

    Begg and Greenes, "Assessment of diagnostic tests when disease verification is subject to selection bias",
    Biometrics 39, 1983; Donner and Zou, "Closed-form confidence intervals for functions of the normal mean and standard
    deviation", Statistical Methods in Medical Research 21, 2012.

    Example:
        >>> from elluminate import statistics
        >>> verdicts = [[True]] * 90 + [[False]] * 60
        >>> found = statistics.judge_rates(verdicts, [[True]] * 24 + [[False]], [[False]] * 23 + [[True]] * 2)
        >>> print(found.true_positive)
        94.7% [84.3%, 98.5%]
        >>> print(found.corrected)
        60.8% [48.9%, 70.5%]
    """
    share = rate(verdicts, confidence)
    right, missed = rate(labels_of_yes, confidence), rate(labels_of_no, confidence)
    n = right.n + missed.n
    return JudgeRates(
        _of_ratio(share, right, missed, n),
        _of_ratio(_others(share), _others(missed), _others(right), n),
        _mixed(share, right, missed, n),
    )


def _others(share: Interval) -> Interval:
    """The share of all that is not counted."""
    estimate, low, high = (
        None if value is None else 1.0 - value for value in (share.estimate, share.high, share.low)
    )
    return share._replace(estimate=estimate, low=low, high=high)


def _of_ratio(share: Interval, found: Interval, lost: Interval, n: int) -> Interval:
    """The share of what is found, of what is found and lost together.

    Args:
        share: How much of all is on the side where things are found, the rest being on that where they are lost.
        found: How much of the one side counts.
        lost: How much of the other side counts.
        n: What it rests on.
    """
    method = "Begg-Greenes"
    ends = (share.estimate, found.estimate, lost.estimate)
    # Of one side alone there is nothing to be said; without an estimate there is no interval either.
    if any(end is None for end in ends) or share.estimate in (0.0, 1.0):
        return Interval(None, None, None, method, n)
    of_all, of_found, of_lost = (end or 0.0 for end in ends)
    odds = _odds(of_all)
    ratio = odds * of_found
    estimate = _share(ratio, of_lost)
    sides = (share.low, share.high, found.low, found.high, lost.low, lost.high)
    if estimate is None or any(end is None for end in sides):
        return Interval(estimate, None, None, method, n)
    share_low, share_high, found_low, found_high, lost_low, lost_high = (end or 0.0 for end in sides)
    below = _product_end(odds, of_found, _odds(share_low), found_low)
    above = _product_end(odds, of_found, _odds(share_high), found_high)
    both = ratio * of_lost
    least, most = below * (2.0 * ratio - below), lost_low * (2.0 * of_lost - lost_low)
    root = math.sqrt(max(0.0, both**2 - least * lost_high * (2.0 * of_lost - lost_high)))
    low = _share(least, both + root)
    root = math.sqrt(max(0.0, both**2 - above * (2.0 * ratio - above) * most))
    high = _share(both + root, most)
    # Of a ratio that may be anything, as where nothing was found and nothing lost, the ends are 0 and 1.
    return Interval(estimate, 0.0 if low is None else low, 1.0 if high is None else high, method, n)


def _odds(share: float) -> float:
    return share / max(1.0 - share, 1e-12)


def _product_end(odds: float, found: float, odds_end: float, found_end: float) -> float:
    """One end of the product of two numbers, by theirs: on the scale of logarithms, where both are above 0."""
    if found == 0.0 or found_end == 0.0 or odds_end == 0.0:
        return odds_end * found_end
    distance = math.hypot(math.log(odds_end / odds), math.log(found_end / found))
    return odds * found * math.exp(distance if odds_end > odds else -distance)


def _share(one: float, other: float) -> float | None:
    return None if one + other == 0.0 else one / (one + other)


def _mixed(share: Interval, right: Interval, missed: Interval, n: int) -> Interval:
    method = "Begg-Greenes"
    ends = (share.estimate, right.estimate, missed.estimate)
    if share.estimate == 1.0:
        ends = (1.0, right.estimate, 0.0)
        missed = Interval(0.0, 0.0, 0.0, missed.method, 0)
    elif share.estimate == 0.0:
        ends = (0.0, 0.0, missed.estimate)
        right = Interval(0.0, 0.0, 0.0, right.method, 0)
    yes, true, false = ends
    if yes is None or true is None or false is None:
        return Interval(None, None, None, method, n)
    estimate = yes * true + (1.0 - yes) * false
    sides = (share.low, share.high, right.low, right.high, missed.low, missed.high)
    if any(end is None for end in sides):
        return Interval(estimate, None, None, method, n)
    fewest, most, low_true, high_true, low_false, high_false = (end or 0.0 for end in sides)
    slope = true - false
    below, above = (yes - fewest, most - yes) if slope >= 0.0 else (most - yes, yes - fewest)
    low = estimate - math.hypot(yes * (true - low_true), (1.0 - yes) * (false - low_false), slope * below)
    high = estimate + math.hypot(yes * (high_true - true), (1.0 - yes) * (high_false - false), slope * above)
    return Interval(estimate, max(0.0, low), min(1.0, high), method, n)
