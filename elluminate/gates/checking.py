"""Holding what an experiment came to against thresholds. Pure: figures in, findings out."""

from __future__ import annotations

from collections.abc import Iterator

from elluminate._markup import interval_text, percent
from elluminate._showing import quoted
from elluminate._tables import shortened
from elluminate.gates.findings import Finding, GateResult, Outcome
from elluminate.gates.thresholds import RateThreshold, RegressionThreshold, Thresholds
from elluminate.schemas.comparison import ExperimentComparison
from elluminate.schemas.experiment_statistics import (
    CriterionStatistics,
    ExperimentStatistics,
    cause_and_reason,
)
from elluminate.statistics import Interval

__all__ = ["NOTHING_TO_COMPARE_WITH", "check"]

NOTHING_TO_COMPARE_WITH = "nothing to compare with"

_LONGEST_TEXT = 75
"""Characters of a criterion's text in a line of findings."""
_MOST_REASONS = 3
_MOST_ROWS = 5


def check(
    figures: ExperimentStatistics,
    thresholds: Thresholds,
    comparison: ExperimentComparison | None = None,
    *,
    without: str = "",
    needs_comparison: bool = False,
) -> GateResult:
    """Hold what an experiment came to against thresholds.

    Args:
        figures: Of the experiment: `experiment.statistics(confidence=thresholds.confidence)`.
        thresholds: What it has to come to.
        comparison: With the experiment that it must not be worse than, which is the first one of the two; None where
            there is nothing to compare with, which passes `no_regression` with a word on it.
        without: That word: why there is nothing to compare with; without it, that this run is the first.
        needs_comparison: Whether `no_regression` is "not measured" where there is nothing to compare with.

    Returns:
        What became of each threshold, after a first finding that tells what is missing.

    Example:
        >>> from elluminate import gates
        >>> wanted = gates.Thresholds(pass_rate=gates.RateThreshold(at_least=0.5))
        >>> gates.check(experiment.statistics(), wanted).outcome
        'passed'
    """
    return GateResult(
        experiment=figures.experiment,
        findings=tuple(_findings(figures, thresholds, comparison, without, needs_comparison)),
    )


def _findings(
    figures: ExperimentStatistics,
    wanted: Thresholds,
    comparison: ExperimentComparison | None,
    without: str,
    needs_comparison: bool,
) -> Iterator[Finding]:
    yield _completeness(figures)
    if wanted.pass_rate is not None:
        yield _rate("pass rate", figures.overall.rate, wanted.pass_rate)
    if wanted.passing is not None:
        yield _rate("answers that meet all criteria", figures.passing, wanted.passing)
    for criterion, threshold in wanted.criteria.items():
        yield _criterion(criterion, figures.criteria, threshold)
    if wanted.no_regression is not None:
        yield _regression(comparison, wanted.no_regression, without, needs_comparison)
    if wanted.max_cost_usd is not None:
        yield _cost(figures, wanted.max_cost_usd)


def _completeness(figures: ExperimentStatistics) -> Finding:
    verdicts = figures.overall.verdicts
    got = f"{verdicts.given} of {verdicts.expected}"
    reason = ""
    if not verdicts.expected:
        got, reason = "none", "there was nothing to judge: no rows, or no criteria"
    elif verdicts.missing:
        told = [f"{why.count} {cause_and_reason(why)}" for why in verdicts.reasons[:_MOST_REASONS]]
        reason = "; ".join([f"{verdicts.missing} missing", *told])
    elif verdicts.given < verdicts.expected:
        reason = f"{verdicts.expected - verdicts.given} are still to come"
    return Finding(
        name="every verdict is there",
        outcome="not measured" if reason else "passed",
        wanted="nothing missing",
        got=got,
        reason=reason,
    )


def _rate(name: str, rate: Interval, wanted: RateThreshold) -> Finding:
    asked = [] if wanted.at_least is None else [f"at least {wanted.at_least:.1%}"]
    if wanted.lower_bound is not None:
        asked.append(f"an interval above {wanted.lower_bound:.1%}")
    got = percent(rate.estimate) if rate.estimate is not None else "no verdict"
    if rate.is_known:
        got = f"{got} ({interval_text(rate.low, rate.high)}, {_rows(rate.n)})"
    outcome, reason = _outcome_of_rate(rate, wanted)
    return Finding(name=name, outcome=outcome, wanted=" and ".join(asked), got=got, reason=reason)


def _outcome_of_rate(rate: Interval, wanted: RateThreshold) -> tuple[Outcome, str]:
    if rate.estimate is None:
        return "not measured", "there is no verdict"
    if wanted.at_least is not None and rate.estimate < wanted.at_least:
        return "failed", ""
    if wanted.lower_bound is None:
        return "passed", ""
    if rate.low is None or rate.high is None:
        return "not measured", f"{_rows(rate.n)} give no interval; not enough evidence"
    if rate.high < wanted.lower_bound:
        return "failed", "the whole interval is below"
    if rate.low < wanted.lower_bound:
        return (
            "not measured",
            "not enough evidence: the interval is on both sides; more rows make it narrower",
        )
    return "passed", ""


def _criterion(wanted: str, criteria: tuple[CriterionStatistics, ...], threshold: RateThreshold) -> Finding:
    name = f"criterion {quoted(shortened(wanted, _LONGEST_TEXT))}"
    found = [one for one in criteria if one.criterion == wanted]
    if len(found) == 1:
        if (label := found[0].label) and label != wanted:
            name = f"criterion {quoted(shortened(label, 60))} ({shortened(wanted, _LONGEST_TEXT)})"
        return _rate(name, found[0].rate, threshold)
    there = ", ".join(quoted(shortened(one.name, 60)) for one in criteria[:10]) or "none"
    return Finding(
        name=name,
        outcome="not measured",
        wanted="a criterion of this text",
        got="none" if not found else f"{len(found)} of them",
        reason=f"the experiment has {there}",
    )


def _regression(
    comparison: ExperimentComparison | None, wanted: RegressionThreshold, without: str, needs_comparison: bool
) -> Finding:
    asked = "not worse" if wanted.margin is None else f"at most {wanted.margin:.1%} worse"
    if comparison is None:
        return Finding(
            name="no regression",
            outcome="not measured" if needs_comparison else "passed",
            wanted=asked,
            got=NOTHING_TO_COMPARE_WITH,
            reason=without or "no earlier run was found; this one is the first",
        )
    name = f"no regression against {quoted(shortened(comparison.a, 100))}"
    difference = comparison.overall.difference
    got = f"{difference}, {_rows(difference.n)}"
    if wanted.margin is None:
        got = f"{comparison.verdict} ({got})"
    outcome, reason = _outcome_of_difference(comparison, wanted)
    alone = len(comparison.rows_only_in_a), len(comparison.rows_only_in_b)
    if outcome == "passed" and any(alone):
        reason = (
            f"of rows that both have; {alone[0]} of the earlier one and {alone[1]} of this one do not count"
        )
    if outcome == "failed":
        worse = [
            ", ".join(f"{column}={shortened(str(value), 60)}" for column, value in row.values.items())
            for row in comparison.worse[:_MOST_ROWS]
        ]
        reason = "; ".join([reason, *worse]).removeprefix("; ")
    return Finding(name=name, outcome=outcome, wanted=asked, got=got, reason=reason)


def _outcome_of_difference(
    comparison: ExperimentComparison, wanted: RegressionThreshold
) -> tuple[Outcome, str]:
    overall = comparison.overall
    missing = overall.missing_a or overall.missing_b or overall.left_out
    if missing or comparison.rows_unanswered_in_a or comparison.rows_unanswered_in_b:
        return "not measured", "verdicts are missing where the two are compared"
    difference = overall.difference
    if wanted.margin is None:
        return ("failed", "") if comparison.verdict == "worse" else ("passed", "")
    if difference.low is None or difference.high is None:
        return "not measured", f"{_rows(difference.n)} give no interval; not enough evidence"
    if difference.high < -wanted.margin:
        return "failed", "the whole interval is below"
    if difference.low < -wanted.margin:
        return (
            "not measured",
            "not enough evidence: the interval is on both sides; more rows make it narrower",
        )
    return "passed", ""


def _cost(figures: ExperimentStatistics, most: float) -> Finding:
    parts = [figures.answers.cost_usd, figures.judging.cost_usd if figures.judging.count else 0.0]
    known = [cost for cost in parts if cost is not None]
    total = sum(known)
    is_known = len(known) == len(parts)
    outcome: Outcome = "failed" if total > most else "passed" if is_known else "not measured"
    reason = (
        ""
        if is_known
        else (
            "what some calls came to is not known: set the prices of the LLM config, or have a target return "
            "Answer(input_cost_usd=…, output_cost_usd=…)"
        )
    )
    got = f"{total:.4f} USD" if is_known else f"{total:.4f} USD or more" if total else "unknown"
    return Finding(name="cost", outcome=outcome, wanted=f"at most {most:.4f} USD", got=got, reason=reason)


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"
