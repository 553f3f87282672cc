"""How far judges agree with people: what labels say of verdicts, by criterion and judge."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from elluminate.statistics.agreement import cohen_kappa
from elluminate.statistics.intervals import rate
from elluminate.statistics.results import Interval, Kappa
from elluminate.statistics.validating import JudgeRates, judge_rates

__all__ = [
    "THRESHOLD",
    "GivenVerdict",
    "JudgeFigures",
    "by_judge",
    "status_of",
    "weigh_judge",
    "why_no_interval",
]

THRESHOLD = 0.80
"""What the lower bounds of both rates of a validated judge reach."""

Pair: TypeAlias = tuple[int, int]
"""Ids of a response and of a criterion."""

Judge: TypeAlias = tuple[str, str]
"""Key of the judge, and its model; "" where there is none, or it is not known."""


class GivenVerdict(NamedTuple):
    """What a judge said of a response.

    Attributes:
        response_id: The response.
        criterion_id: By which criterion.
        row: Id of its row, the unit that is counted by.
        is_yes: Whether it is YES.
        judge: Who said it.
    """

    response_id: int
    criterion_id: int
    row: int
    is_yes: bool
    judge: Judge = ("", "")


class JudgeFigures(NamedTuple):
    """How far one judge agrees with people by one criterion; see `elluminate.schemas.agreement.JudgeAgreement`.

    Attributes:
        n: Labels that can be compared: pairs to which people say YES or NO.
        unsure: Pairs to which they say nothing but UNSURE.
        disputed: Pairs to which as many people say YES as NO.
        verdicts: Verdicts of this judge by this criterion.
        yes_labels: Of the labels, those that say YES.
        true_positive_rate: Of what people call YES, the share that the judge calls YES, over all of its verdicts.
        true_negative_rate: Of what people call NO, the share that the judge calls NO, over all of its verdicts.
        kappa: Cohen's kappa on the labelled pairs.
        pass_rate: The judge's share of YES.
        corrected_pass_rate: The share of YES with the judge's errors taken out.
        problem: Why it is not validated; None where it is.
    """

    n: int
    unsure: int
    disputed: int
    verdicts: int
    yes_labels: int
    true_positive_rate: Interval
    true_negative_rate: Interval
    kappa: Kappa
    pass_rate: Interval
    corrected_pass_rate: Interval
    problem: str | None


def by_judge(
    earlier: Iterable[GivenVerdict], now: Iterable[GivenVerdict], labelled: Collection[Pair]
) -> dict[tuple[int, Judge], dict[Pair, GivenVerdict]]:
    """Verdicts by criterion and judge: of those that judge now, or said something that is labelled.

    Args:
        earlier: Verdicts that later ones have replaced, oldest first.
        now: Those of now; criteria come in the order in which they are first seen here.
        labelled: What somebody has labelled.
    """
    given: dict[tuple[int, Judge], dict[Pair, GivenVerdict]] = defaultdict(dict)
    for one in earlier:
        given[one.criterion_id, one.judge][one.response_id, one.criterion_id] = one
    places: dict[int, int] = {}
    present = set()
    for one in now:
        places.setdefault(one.criterion_id, len(places))
        present.add((one.criterion_id, one.judge))
        given[one.criterion_id, one.judge][one.response_id, one.criterion_id] = one
    return {
        key: verdicts
        for key, verdicts in sorted(
            ((key, verdicts) for key, verdicts in given.items() if key[0] in places),
            key=lambda entry: (places[entry[0][0]], entry[0][1]),
        )
        if key in present or any(pair in labelled for pair in verdicts)
    }


def weigh_judge(
    verdicts: Mapping[Pair, GivenVerdict],
    said: Mapping[Pair, Sequence[str]],
    confidence: float = 0.95,
    threshold: float = THRESHOLD,
) -> JudgeFigures:
    """Weigh one judge by one criterion.

    Args:
        verdicts: All of its verdicts by that criterion.
        said: What people say: YES, NO or UNSURE, of each pair that they labelled. The majority counts.
        confidence: Of the intervals, above 0 and below 1.
        threshold: What the lower bounds of both rates of a validated judge reach.

    Example:
        >>> from elluminate.statistics.judging import GivenVerdict, weigh_judge
        >>> verdicts = {(n, 1): GivenVerdict(n, 1, row=n, is_yes=n < 4) for n in range(8)}
        >>> found = weigh_judge(verdicts, {(0, 1): ["YES"], (1, 1): ["NO"], (4, 1): ["NO"], (5, 1): ["UNSURE"]})
        >>> found.n, found.unsure, found.problem
        (3, 1, '3 labels; at least two rows to which it says NO must be labelled')
    """
    labels: dict[Pair, bool] = {}
    unsure = disputed = 0
    for pair in verdicts:
        if pair not in said:
            continue
        counts = Counter(value for value in said[pair] if value != "UNSURE")
        if not counts:
            unsure += 1
        elif counts["YES"] == counts["NO"]:
            disputed += 1
        else:
            labels[pair] = counts["YES"] > counts["NO"]
    of_yes = _by_row((verdicts[pair].row, is_yes) for pair, is_yes in labels.items() if verdicts[pair].is_yes)
    of_no = _by_row(
        (verdicts[pair].row, is_yes) for pair, is_yes in labels.items() if not verdicts[pair].is_yes
    )
    all_verdicts = _by_row((verdict.row, verdict.is_yes) for verdict in verdicts.values())
    rates = judge_rates(all_verdicts, of_yes, of_no, confidence)
    return JudgeFigures(
        n=len(labels),
        unsure=unsure,
        disputed=disputed,
        verdicts=len(verdicts),
        yes_labels=sum(labels.values()),
        true_positive_rate=rates.true_positive,
        true_negative_rate=rates.true_negative,
        kappa=cohen_kappa(list(labels.values()), [verdicts[pair].is_yes for pair in labels]),
        pass_rate=rate(all_verdicts, confidence),
        corrected_pass_rate=rates.corrected,
        problem=_problem(rates, verdicts.values(), of_yes, of_no, threshold),
    )


def status_of(problem: str | None) -> str:
    """Whether a judge is validated, in words.

    >>> status_of(None), status_of("no labels")
    ('validated', 'judge not validated: no labels')
    """
    return "validated" if problem is None else f"judge not validated: {problem}"


def why_no_interval(pass_rate: Interval, corrected: Interval) -> str | None:
    """Why a corrected pass rate has no interval, and what gives it one; None where it has one, or is unknown."""
    if corrected.estimate is None or corrected.is_known:
        return None
    if pass_rate.low is None:
        return "the corrected rate has no interval: it takes verdicts on two rows at least"
    return (
        "the corrected rate has no interval: it takes labels on at least two rows of each verdict that the judge "
        "gives, YES and NO"
    )


def _by_row(values: Iterable[tuple[int, bool]]) -> list[list[bool]]:
    rows: dict[int, list[bool]] = defaultdict(list)
    for row, value in values:
        rows[row].append(value)
    return list(rows.values())


def _problem(
    rates: JudgeRates,
    verdicts: Iterable[GivenVerdict],
    of_yes: Sequence[Sequence[bool]],
    of_no: Sequence[Sequence[bool]],
    threshold: float,
) -> str | None:
    """Why a judge is not validated; None where it is."""
    labels = sum(map(len, of_yes)) + sum(map(len, of_no))
    counted = "1 label" if labels == 1 else f"{labels} labels" if labels else "no labels"
    said = {verdict.is_yes for verdict in verdicts}
    if len(said) < 2:
        return (
            f"{counted}; it says {'YES' if True in said else 'NO'} to all, so that one side was never tried"
        )
    for side, rows in (("YES", of_yes), ("NO", of_no)):
        if len(rows) < 2:
            return f"{counted}; at least two rows to which it says {side} must be labelled"
    low = [
        f"the lower bound of its true {name} rate is {0.0 if bound.low is None else bound.low:.2f}"
        for name, bound in (("positive", rates.true_positive), ("negative", rates.true_negative))
        if bound.low is None or bound.low < threshold
    ]
    return f"{counted}; {' and '.join(low)}, wanted {threshold:.2f}" if low else None
