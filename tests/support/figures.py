"""Figures of experiments that never ran: what gates and reports are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from elluminate_api.models import MissingVerdictCause, MissingVerdictReason

from elluminate.schemas import VerdictCounts
from elluminate.schemas.comparison import CriterionComparison, ExperimentComparison
from elluminate.schemas.experiment_statistics import CriterionStatistics, ExperimentStatistics, Spending
from elluminate.statistics import Difference, Interval

__all__ = ["comparison_of", "figures_of", "rate_of", "verdicts_of"]


def rate_of(
    estimate: float | None, low: float | None = None, high: float | None = None, n: int = 20
) -> Interval:
    return Interval(estimate, low, high, "wilson", n)


def verdicts_of(given: int = 20, failed: int = 0, unjudged: int = 0, pending: int = 0) -> VerdictCounts:
    reasons = [
        MissingVerdictReason(cause=cause, reason=reason, count=count)
        for cause, reason, count in (
            (MissingVerdictCause.ANSWER_FAILED, "the model was away", failed),
            (MissingVerdictCause.NOT_JUDGED, "the judge was away", unjudged),
        )
        if count
    ]
    return VerdictCounts(
        expected=given + failed + unjudged + pending,
        given=given,
        pending=pending,
        missing_answer_failed=failed,
        missing_not_judged=unjudged,
        reasons=reasons,
        missing_for_other_reasons=0,
    )


def figures_of(
    rate: Interval | None = None,
    *,
    name: str = "Tried",
    passing: Interval | None = None,
    criteria: Sequence[tuple[str, Interval]] = (),
    verdicts: VerdictCounts | None = None,
    cost: tuple[float | None, float | None] = (0.1, 0.2),
) -> ExperimentStatistics:
    there = verdicts or verdicts_of()

    def one(criterion: str | None, rate: Interval, number: int | None) -> CriterionStatistics:
        return CriterionStatistics(
            criterion=criterion,
            criterion_id=number,
            rate=rate,
            verdicts=there,
            epochs=1,
            pass_at_k=None,
            pass_hat_k=None,
            flaky_rows=None,
        )

    overall = rate or rate_of(0.9, 0.8, 0.95)
    answers, judging = (
        Spending(count=20, cost_usd=usd, input_tokens=1, output_tokens=1, mean_seconds=0.1) for usd in cost
    )
    return ExperimentStatistics(
        experiment=name,
        confidence=0.95,
        overall=one(None, overall, None),
        criteria=tuple(one(text, rate, number) for number, (text, rate) in enumerate(criteria)),
        answers=answers,
        judging=judging,
        flaky=(),
        passing=passing or overall,
    )


def comparison_of(
    verdict: Any, low: float | None = -0.1, high: float | None = 0.1, *, missing: int = 0
) -> ExperimentComparison:
    estimate = None if low is None or high is None else (low + high) / 2
    overall = CriterionComparison(
        criterion=None,
        verdict=verdict,
        rate_a=rate_of(0.9),
        rate_b=rate_of(0.8),
        difference=Difference(estimate, low, high, 0.3, "paired t", 20),
        p_holm=None,
        detectable=0.1,
        better=(),
        worse=(),
        left_out=0,
        missing_a=missing,
        missing_b=0,
    )
    return ExperimentComparison(
        a="Before",
        b="Tried",
        level=0.05,
        rows=20,
        overall=overall,
        criteria=(),
        rows_only_in_a=(),
        rows_only_in_b=(),
        criteria_only_in_a=(),
        criteria_only_in_b=(),
    )
