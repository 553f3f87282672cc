"""Thresholds and what becomes of them: passed by evidence, failed by evidence, or not measured."""

from __future__ import annotations

from typing import Any

import pytest

from elluminate import ValidationError
from elluminate.gates import (
    GateResult,
    RateThreshold,
    RegressionThreshold,
    Thresholds,
    check,
    not_measured,
)
from tests.support.figures import comparison_of, figures_of, rate_of, verdicts_of

AT_LEAST_90 = Thresholds(pass_rate=RateThreshold(at_least=0.9))
ABOVE_80 = Thresholds(pass_rate=RateThreshold(lower_bound=0.8))


def outcomes(result: GateResult) -> list[str]:
    return [finding.outcome for finding in result.findings]


@pytest.mark.parametrize(
    ("verdicts", "says"),
    [
        (verdicts_of(given=18, failed=2), "2 missing; 2 "),
        (verdicts_of(given=0, unjudged=20), "20 missing; 20 "),
        (verdicts_of(given=19, pending=1), "1 are still to come"),
        (verdicts_of(given=0), "there was nothing to judge"),
    ],
    ids=["an unanswered row", "a dead judge", "still running", "no criteria"],
)
@pytest.mark.parametrize("rate", [0.0, 0.5, 1.0])
def test_what_is_missing_is_not_measured_whatever_the_rates_of_the_others(
    verdicts: Any, says: str, rate: float
) -> None:
    figures = figures_of(rate_of(rate, rate, rate), verdicts=verdicts)

    for thresholds in (Thresholds(), AT_LEAST_90, ABOVE_80, Thresholds(max_cost_usd=0.0)):
        result = check(figures, thresholds)
        assert (result.outcome, result.exit_code) == ("not measured", 2)
        assert says in result.findings[0].reason


@pytest.mark.parametrize(
    ("rate", "wanted", "outcome"),
    [
        (rate_of(0.9, 0.7, 0.97), {"at_least": 0.9}, "passed"),
        (rate_of(0.899, 0.7, 0.97), {"at_least": 0.9}, "failed"),
        (rate_of(0.9, 0.8, 0.97), {"lower_bound": 0.8}, "passed"),
        (rate_of(0.9, 0.79, 0.97), {"lower_bound": 0.8}, "not measured"),
        (rate_of(0.6, 0.5, 0.79), {"lower_bound": 0.8}, "failed"),
        (rate_of(1.0, n=1), {"lower_bound": 0.8}, "not measured"),
        (rate_of(1.0, n=1), {"at_least": 0.8}, "passed"),
        (rate_of(None, n=0), {"at_least": 0.0}, "not measured"),
        (rate_of(0.7, 0.5, 0.9), {"at_least": 0.75, "lower_bound": 0.6}, "failed"),
        (rate_of(0.8, 0.55, 0.9), {"at_least": 0.75, "lower_bound": 0.6}, "not measured"),
    ],
)
def test_a_rate_and_its_interval(rate: Any, wanted: dict[str, float], outcome: str) -> None:
    threshold = RateThreshold(**wanted)

    assert outcomes(check(figures_of(rate), Thresholds(pass_rate=threshold))) == ["passed", outcome]
    passing = check(figures_of(passing=rate), Thresholds(passing=threshold))
    assert outcomes(passing) == ["passed", outcome]
    of_criterion = check(
        figures_of(criteria=[("Is it short?", rate)]), Thresholds(criteria={"Is it short?": threshold})
    )
    assert outcomes(of_criterion) == ["passed", outcome]


def test_a_criterion_that_is_not_there_is_not_measured_and_named() -> None:
    figures = figures_of(criteria=[("Is it short?", rate_of(1.0))])

    finding = check(figures, Thresholds(criteria={"Is it long?": RateThreshold(at_least=0.5)})).findings[1]

    assert finding.outcome == "not measured"
    assert "'Is it long?'" in finding.name
    assert "'Is it short?'" in finding.reason


@pytest.mark.parametrize(
    ("comparison", "margin", "outcome"),
    [
        (None, None, "passed"),
        (comparison_of("better", 0.01, 0.2), None, "passed"),
        (comparison_of("not enough evidence", -0.2, 0.2), None, "passed"),
        (comparison_of("worse", -0.2, -0.01), None, "failed"),
        (comparison_of("worse", -0.015, -0.01), 0.02, "passed"),
        (comparison_of("not enough evidence", -0.2, 0.2), 0.02, "not measured"),
        (comparison_of("worse", -0.3, -0.03), 0.02, "failed"),
        (comparison_of("not enough evidence", None, None), 0.02, "not measured"),
        (comparison_of("worse", -0.3, -0.03, missing=1), None, "not measured"),
    ],
)
def test_a_regression_is_failed_by_evidence_alone(
    comparison: Any, margin: float | None, outcome: str
) -> None:
    wanted = Thresholds(no_regression=RegressionThreshold(margin=margin))

    assert outcomes(check(figures_of(), wanted, comparison)) == ["passed", outcome]


@pytest.mark.parametrize(
    ("cost", "most", "outcome"),
    [
        ((0.1, 0.2), 0.3001, "passed"),
        ((0.1, 0.2), 0.29, "failed"),
        ((None, 0.2), 1.0, "not measured"),
        ((None, 0.2), 0.1, "failed"),
    ],
    ids=["within", "above", "unknown", "what is known is above already"],
)
def test_a_cost(cost: Any, most: float, outcome: str) -> None:
    assert outcomes(check(figures_of(cost=cost), Thresholds(max_cost_usd=most))) == ["passed", outcome]


def test_a_result_says_what_was_wanted_and_got() -> None:
    result = check(figures_of(rate_of(0.5, 0.3, 0.7), name="Night\x1b[2Jly"), AT_LEAST_90)

    assert str(result).splitlines() == [
        "Night\\x1b[2Jly: failed",
        "  passed        every verdict is there: wanted nothing missing, got 20 of 20",
        "  failed        pass rate: wanted at least 90.0%, got 50.0% (30.0% to 70.0%, 20 rows)",
    ]
    assert result.exit_code == 1
    assert not_measured("Nightly", "the server is away").exit_code == 2


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: RateThreshold(), "needs at_least=…, lower_bound=…, or both"),
        (lambda: RateThreshold(at_least=90), "90 % is 0.9"),
        (lambda: RateThreshold(at_least=True), "at_least must be a number"),
        (lambda: RateThreshold(lower_bound=float("nan")), "lower_bound must be a number"),
        (lambda: RegressionThreshold(margin=-0.1), "margin must be a number"),
        (lambda: RegressionThreshold(level=0), "above 0 and below 1"),
        (lambda: Thresholds(max_cost_usd=float("inf")), "max_cost_usd must be a number"),
        (lambda: Thresholds(pass_rate=0.9), "pass_rate must be a RateThreshold"),  # type: ignore[arg-type]
        (lambda: Thresholds(criteria={"Is it?": 0.9}), "must be a RateThreshold"),  # type: ignore[dict-item]
        (lambda: Thresholds(confidence=95), "95 % is 0.95"),
    ],
)
def test_a_threshold_that_cannot_be_is_refused(made: Any, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        made()
    assert says in str(caught.value)
