"""Every function of the statistics against scipy, statsmodels or krippendorff, on 1,000 random inputs each."""

# What the oracles say of their own types is not always so.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any
from unittest import mock

import krippendorff
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import special, stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats import multitest
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.power import tt_solve_power
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from elluminate import statistics

thousand = settings(
    max_examples=1_000, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
near = pytest.approx
CONFIDENCES = st.sampled_from([0.8, 0.9, 0.95, 0.99]) | st.floats(0.5, 0.999)
SHARES = st.floats(1e-6, 1 - 1e-6)
PARAMETERS = st.floats(0.05, 5_000)
COUNTS = st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
ROWS = st.lists(st.lists(st.booleans(), min_size=1, max_size=6), min_size=2, max_size=40)
EQUAL_ROWS = st.tuples(st.integers(2, 40), st.integers(2, 6)).flatmap(
    lambda shape: st.lists(
        st.lists(st.booleans(), min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]
    )
)
LABELS = st.sampled_from(["YES", "NO", "UNSURE"])


def close(found: float | None, expected: float) -> None:
    assert found == near(expected, rel=1e-9, abs=1e-9)


@thousand
@given(SHARES)
def test_normal_quantile(p: float) -> None:
    assert statistics.normal_quantile(p) == near(special.ndtri(p), rel=1e-12, abs=1e-12)


@thousand
@given(SHARES, st.floats(1, 100_000))
def test_t_quantile(p: float, degrees: float) -> None:
    assert statistics.t_quantile(p, degrees) == near(special.stdtrit(degrees, p), rel=1e-9, abs=1e-9)


@thousand
@given(st.floats(0, 1), PARAMETERS, PARAMETERS)
def test_beta_cdf(x: float, a: float, b: float) -> None:
    assert statistics.beta_cdf(x, a, b) == near(special.betainc(a, b, x), rel=1e-9, abs=1e-12)


@thousand
@given(SHARES, PARAMETERS, PARAMETERS)
def test_beta_quantile(p: float, a: float, b: float) -> None:
    assert statistics.beta_quantile(p, a, b) == near(special.betaincinv(a, b, p), rel=1e-9, abs=1e-12)


@thousand
@given(COUNTS, CONFIDENCES)
def test_wilson(counts: tuple[int, int], confidence: float) -> None:
    found = statistics.wilson(*counts, confidence)
    low, high = proportion_confint(*counts, alpha=1 - confidence, method="wilson")
    close(found.low, low)
    close(found.high, high)
    assert found.estimate == counts[0] / counts[1]


@thousand
@given(COUNTS, CONFIDENCES)
def test_clopper_pearson(counts: tuple[int, int], confidence: float) -> None:
    found = statistics.clopper_pearson(*counts, confidence)
    expected = stats.binomtest(*counts).proportion_ci(confidence, method="exact")
    close(found.low, expected.low)
    close(found.high, expected.high)


def ordinary_least_squares(rows: list[list[bool]]) -> Any:
    """The mean as a regression on nothing, with errors clustered by row."""
    values = np.array([float(verdict) for row in rows for verdict in row])
    groups = np.array([number for number, row in enumerate(rows) for _ in row])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of all verdicts alike
        return OLS(values, np.ones_like(values)).fit(
            cov_type="cluster", cov_kwds={"groups": groups, "df_correction": True}, use_t=True
        )


@thousand
@given(ROWS, CONFIDENCES)
def test_clustered(rows: list[list[bool]], confidence: float) -> None:
    expected = ordinary_least_squares(rows)
    error = statistics.clustered_error(rows)
    close(error, float(expected.bse[0]))
    found = statistics.clustered(rows, confidence)
    half = special.stdtrit(len(rows) - 1, 0.5 + confidence / 2) * error
    close(found.estimate, float(expected.params[0]))
    close(found.low, max(0, expected.params[0] - half))
    close(found.high, min(1, expected.params[0] + half))


@thousand
@given(EQUAL_ROWS)
def test_intraclass_correlation(rows: list[list[bool]]) -> None:
    found = statistics.intraclass_correlation(rows)
    table = np.array(rows, dtype=float)
    if table.std() == 0:
        assert found is None
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rows that are alike each by itself
        f = float(stats.f_oneway(*table).statistic)
    expected = 1.0 if math.isinf(f) else (f - 1) / (f - 1 + table.shape[1])
    assert found is not None
    close(found, min(1.0, max(0.0, expected)))


@thousand
@given(ROWS, CONFIDENCES)
def test_wilson_with_an_effective_number(rows: list[list[bool]], confidence: float) -> None:
    z = special.stdtrit(len(rows) - 1, 0.5 + confidence / 2)
    sizes = [len(row) for row in rows]
    n, mean = sum(sizes), float(np.mean([verdict for row in rows for verdict in row]))
    correlation = statistics.intraclass_correlation(rows)
    size = sum(one * one for one in sizes) / n
    few = n / (1 + (size - 1) * (1 if correlation is None else correlation))
    error = float(ordinary_least_squares(rows).bse[0])
    many = min(n, mean * (1 - mean) / error**2) if error > 1e-12 else len(rows)
    for found, worth in (
        (statistics.effective_wilson(rows, confidence), few),
        (statistics.clustered_wilson(rows, confidence), many),
    ):
        centre, whole = mean + z * z / (2 * worth), 1 + z * z / worth
        half = z * math.sqrt(mean * (1 - mean) / worth + (z / (2 * worth)) ** 2)
        close(found.low, (centre - half) / whole)
        close(found.high, (centre + half) / whole)


@thousand
@given(st.lists(st.floats(-1, 1).map(lambda one: round(one, 3)), min_size=2, max_size=7))
def test_sign_flips_of_few_rows(differences: list[float]) -> None:
    """Against all assignments of signs, as scipy looks at them."""
    expected = stats.permutation_test(
        (np.array(differences),), lambda x, axis: x.sum(axis=axis), permutation_type="samples",
        vectorized=True, n_resamples=np.inf,
    ).pvalue  # fmt: skip
    assert statistics.sign_flip(differences) == expected


THIRDS = st.integers(-3, 3).map(lambda third: third / 3)


@thousand
@given(st.lists(THIRDS | st.floats(-1, 1), min_size=1, max_size=11))
def test_sign_flips_of_more_rows(differences: list[float]) -> None:
    signs = np.array(list(itertools.product([1, -1], repeat=len(differences))))
    values = np.round(np.array(differences), 12)
    sums = np.abs(signs @ values)
    expected = float((sums >= abs(values.sum()) - 1e-9 * np.abs(values).sum()).mean())
    assert statistics.sign_flip(differences) == expected


@thousand
@given(st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=400))
def test_sign_flips_of_one_verdict_a_row_are_the_binomial_test(differences: list[int]) -> None:
    better, worse = differences.count(1), differences.count(-1)
    expected = stats.binomtest(better, better + worse).pvalue if better + worse else 1.0
    close(statistics.sign_flip(differences), expected)
    assert statistics.sign_flip(differences) == statistics.mcnemar(worse, better)


def test_sign_flips_by_chance_are_near_all_of_them() -> None:
    random = np.random.default_rng(5)
    for _ in range(4):
        differences = random.normal(0.1, 0.5, 18)
        signs = 1 - 2 * ((np.arange(2**18)[:, None] >> np.arange(18)) & 1)
        expected = float((np.abs(signs @ differences) >= abs(differences.sum()) - 1e-9).mean())
        assert statistics.sign_flip(list(differences)) == near(expected, abs=0.02)


@thousand
@given(
    st.integers(2, 60).flatmap(lambda n: st.tuples(*[st.lists(THIRDS.map(abs), min_size=n, max_size=n)] * 2)),
    CONFIDENCES,
)
def test_paired_difference(pair: tuple[list[float], list[float]], confidence: float) -> None:
    a, b = pair
    found = statistics.paired_difference(a, b, confidence)
    assert found.estimate is not None
    close(found.estimate, float(np.mean(b) - np.mean(a)))
    if np.std(np.array(b) - np.array(a)) < 1e-9:
        low, high = confint_of_means(np.mean(a), np.mean(b), len(a), confidence)
    else:
        low, high = DescrStatsW(np.array(b) - np.array(a)).tconfint_mean(alpha=1 - confidence)
    close(found.low, max(-1, low))
    close(found.high, min(1, high))


def confint_of_means(a: Any, b: Any, n: int, confidence: float) -> tuple[float, float]:
    low, high = confint_proportions_2indep(
        b * n, n, a * n, n, method="newcomb", compare="diff", alpha=1 - confidence
    )
    return float(low), float(high)


@thousand
@given(st.integers(0, 2_000), st.integers(0, 2_000))
def test_mcnemar(worse: int, better: int) -> None:
    table = [[5, worse], [better, 5]]
    close(statistics.mcnemar(worse, better), float(statsmodels_mcnemar(table, exact=True).pvalue))


@thousand
@given(st.tuples(*[st.integers(0, 200)] * 4).filter(any), CONFIDENCES)
def test_newcombe(counts: tuple[int, int, int, int], confidence: float) -> None:
    """Squared and added of statsmodels' Wilson intervals; where nothing correlates, of two samples by themselves."""
    both, worse, better, neither = counts
    n = sum(counts)
    a, b = (both + worse) / n, (both + better) / n
    (al, ah), (bl, bh) = (
        proportion_confint(yes, n, alpha=1 - confidence, method="wilson")
        for yes in (both + worse, both + better)
    )
    product = math.prod([both + worse, better + neither, both + better, worse + neither])
    cross = float(both * neither - worse * better)
    cross = max(cross - n / 2, 0) if cross > 0 else cross
    phi = cross / math.sqrt(product) if product else 0
    low = b - a - math.sqrt(max(0, (b - bl) ** 2 - 2 * phi * (b - bl) * (ah - a) + (ah - a) ** 2))
    high = b - a + math.sqrt(max(0, (bh - b) ** 2 - 2 * phi * (bh - b) * (a - al) + (a - al) ** 2))
    found = statistics.newcombe(*counts, confidence)
    close(found.estimate, b - a)
    assert found.low == near(max(-1, low), abs=1e-7), "a root near 0 loses half of the digits"
    assert found.high == near(min(1, high), abs=1e-7)
    if phi == 0:
        expected = confint_of_means(a, b, n, confidence)
        close(found.low, max(-1, expected[0]))
        close(found.high, min(1, expected[1]))


@thousand
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm(values: list[float]) -> None:
    with mock.patch("gc.collect"):  # it has the collector look through all that there is, every time
        expected = multitest.multipletests(values, method="holm")[1]
    assert statistics.holm(values) == near(list(expected), rel=1e-9, abs=1e-12)


@thousand
@given(st.lists(st.lists(st.booleans(), min_size=5, max_size=12), min_size=1, max_size=8), st.integers(1, 5))
def test_pass_at_k_and_all_of_k(rows: list[list[bool]], k: int) -> None:
    """Against the hypergeometric distribution of what is among k of the answers."""
    any_of = [1 - stats.hypergeom(len(row), sum(row), k).pmf(0) for row in rows]
    all_of = [stats.hypergeom(len(row), sum(row), k).pmf(k) for row in rows]
    close(statistics.pass_at_k(rows, k), float(np.mean(any_of)))
    close(statistics.pass_hat_k(rows, k), float(np.mean(all_of)))


@thousand
@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=60))
def test_cohen_kappa(pairs: list[tuple[str, str]]) -> None:
    names = ["YES", "NO", "UNSURE"]
    table = np.zeros((3, 3))
    for one, other in pairs:
        table[names.index(one), names.index(other)] += 1
    found = statistics.cohen_kappa([one for one, _ in pairs], [other for _, other in pairs], positive="YES")
    if found.estimate is None:
        assert len({label for pair in pairs for label in pair}) == 1
    else:
        close(found.estimate, float(cohens_kappa(table).kappa))


@thousand
@given(st.lists(st.lists(LABELS | st.none(), min_size=3, max_size=3), min_size=1, max_size=30))
def test_krippendorff_alpha(items: list[list[str | None]]) -> None:
    found = statistics.krippendorff_alpha(items)
    paired = [labels for labels in items if sum(label is not None for label in labels) > 1]
    used = {label for labels in paired for label in labels if label is not None}
    if len(used) < 2:
        assert found is None
        return
    names = sorted(used)
    codes = [[np.nan if label is None else names.index(label) for label in labels] for labels in paired]
    expected = krippendorff.alpha(np.array(codes, dtype=float).T, level_of_measurement="nominal")
    close(found, float(expected))


@thousand
@given(COUNTS, COUNTS, COUNTS, CONFIDENCES)
def test_corrected_rate(
    counts: tuple[int, int], of_yes: tuple[int, int], of_no: tuple[int, int], confidence: float
) -> None:
    found = statistics.corrected_rate(
        *counts,
        found_yes=of_yes[0],
        true_yes=of_yes[1],
        found_no=of_no[0],
        true_no=of_no[1],
        confidence=confidence,
    )
    (yes, n), z = counts, special.ndtri(0.5 + confidence / 2)
    se, sp = (of_yes[0] + 1) / (of_yes[1] + 2), (of_no[0] + 1) / (of_no[1] + 2)
    if se + sp <= 1:
        assert found[:3] == (None, None, None)
        return
    theta = float(np.clip((yes / n + sp - 1) / (se + sp - 1), 0, 1))
    p = (yes + z * z / 2) / (n + z * z)
    variances = [
        p * (1 - p) / (n + z * z),
        (1 - theta) ** 2 * sp * (1 - sp) / (of_no[1] + 2),
        theta**2 * se * (1 - se) / (of_yes[1] + 2),
    ]
    half = z * math.sqrt(sum(variances)) / (se + sp - 1)
    close(found.estimate, theta)
    close(found.low, max(0, theta - half))
    close(found.high, min(1, theta + half))


@thousand
@given(st.floats(0.01, 1), st.floats(0.01, 0.5), st.floats(0, 0.25), st.integers(1, 9))
def test_rows_needed(difference: float, variance: float, noise: float, epochs: int) -> None:
    """With the normal power of statsmodels, and back."""
    plan = {"variance": variance, "noise_a": noise, "noise_b": noise, "epochs_a": epochs, "epochs_b": epochs}
    needed = statistics.rows_needed(difference, **plan)  # type: ignore[arg-type]
    whole = variance + 2 * noise / epochs
    exact = (special.ndtri(0.975) + special.ndtri(0.8)) ** 2 * whole / difference**2
    assert needed == max(6, math.ceil(exact))
    close(
        statistics.smallest_difference(needed, **plan),  # type: ignore[arg-type]
        (special.ndtri(0.975) + special.ndtri(0.8)) * math.sqrt(whole / needed),
    )
    if needed > 200:  # where t is as good as normal
        of_t = tt_solve_power(difference / math.sqrt(whole), alpha=0.05, power=0.8)
        assert needed == near(of_t, rel=0.02)
