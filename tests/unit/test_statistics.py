"""The statistics at their edges, and the examples of their docstrings; tests/statistics has oracles and simulations."""

from __future__ import annotations

import doctest
import importlib
import math
import pkgutil
import subprocess
import sys
from typing import Any

import pytest

import elluminate
from elluminate import statistics

MODULES = [module.name for module in pkgutil.iter_modules(statistics.__path__, "elluminate.statistics.")]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_are_right(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert failed == 0
    assert tried > 0


def test_every_name_is_documented_with_its_source() -> None:
    for name in statistics.__all__:
        thing: Any = getattr(statistics, name)
        if name[0].islower():
            assert ">>> " in (thing.__doc__ or ""), name


def test_they_are_loaded_when_they_are_used_and_load_nothing_else() -> None:
    program = (
        "import sys, elluminate; assert 'elluminate.statistics' not in sys.modules; before = set(sys.modules); "
        "elluminate.statistics.rows_needed(0.1); "
        "print([name for name in set(sys.modules) - before if not name.startswith('elluminate.statistics')])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert set(eval(told)) <= {
        "math",
        "collections",
        "collections.abc",
        "typing",
        "numbers",
        "operator",
        "_operator",
    }, told


def test_nothing_is_known_of_nothing() -> None:
    empty: list[list[bool]] = []
    for found in (
        statistics.wilson(0, 0),
        statistics.clopper_pearson(0, 0),
        statistics.clustered(empty),
        statistics.clustered_wilson(empty),
        statistics.effective_wilson(empty),
        statistics.rate(empty),
        statistics.rate([[], []]),
        statistics.newcombe(0, 0, 0, 0),
    ):
        assert found[:3] == (None, None, None)
        assert found.n == 0
        assert str(found) == "not measured"
    assert statistics.paired_difference([], [])[:4] == (None, None, None, None)
    assert statistics.paired_binary([], [])[:4] == (None, None, None, None)
    assert statistics.sign_flip([]) is None
    assert statistics.cohen_kappa([], []).estimate is None
    assert statistics.krippendorff_alpha([]) is None
    assert statistics.pass_at_k([], 1) is None
    assert statistics.pass_hat_k([[True]], 2) is None
    assert statistics.clustered_error([[1]]) is None
    assert statistics.intraclass_correlation([[1, 0]]) is None
    assert statistics.smallest_difference(1) is None
    assert statistics.holm([]) == []
    assert statistics.detectable([], []) is None


def test_one_row_has_a_share_and_no_interval() -> None:
    for found in (
        statistics.rate([[True]]),
        statistics.rate([[True, True]]),
        statistics.clustered([[True]]),
        statistics.clustered_wilson([[True]]),
        statistics.effective_wilson([[True]]),
    ):
        assert found[:3] == (1.0, None, None)
        assert not found.is_known
        assert str(found) == "100.0%"
    for difference in (statistics.paired_binary([False], [True]), statistics.paired_difference([0.0], [1.0])):
        assert difference[:4] == (1.0, None, None, 1.0)
        assert statistics.decide(difference) == "not enough evidence"


@pytest.mark.parametrize("rows", [2, 10, 30, 500])
@pytest.mark.parametrize("verdicts", [1, 4])
@pytest.mark.parametrize("value", [True, False])
def test_where_all_are_alike_the_interval_has_a_width_and_ends_at_the_end(
    rows: int, verdicts: int, value: bool
) -> None:
    found = statistics.rate([[value] * verdicts] * rows)
    assert found.low is not None
    assert found.high is not None
    if value:
        assert (found.estimate, found.high) == (1.0, 1.0)
        assert 0.0 < found.low < 1.0
    else:
        assert (found.estimate, found.low) == (0.0, 0.0)
        assert 0.0 < found.high < 1.0
    one = statistics.rate([[value]] * rows)
    assert one.low is not None
    assert one.high is not None
    assert found.high - found.low >= one.high - one.low, (
        "more verdicts of a row that are alike tell nothing new"
    )


def test_the_method_follows_the_rows() -> None:
    assert statistics.rate([[1], [0]] * 20).method == "Wilson"
    assert statistics.rate([[1, 0], [0, 0]] * 14).method == "Wilson, effective n"
    assert statistics.rate([[1, 0], [0, 0]] * 15).method == "clustered Wilson"
    assert statistics.rate([[1], [0], [], [1]]).n == 3, "a row without a verdict does not count"


def test_rows_that_all_differ_by_the_same_have_an_interval_with_a_width() -> None:
    found = statistics.paired_difference([0.0] * 8, [0.5] * 8)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.5 < found.high
    assert found.p == 2 / 2**8
    same = statistics.paired_difference([0.5] * 8, [0.5] * 8)
    assert (same.estimate, same.p) == (0.0, 1.0)
    assert same.low is not None
    assert same.low < 0.0


def test_newcombe_as_published() -> None:
    """Bentur et al., 2009, as in Fagerland, Lydersen and Laake, Statistics in Medicine 33, 2014."""
    found = statistics.newcombe(both=1, worse=7, better=1, neither=12)
    assert [round(one, 3) for one in found[:3] if one is not None] == [-0.286, -0.507, -0.026]


def test_wilson_and_clopper_pearson_as_published() -> None:
    """Newcombe, Statistics in Medicine 17, 1998, table I: 81 of 263, and none of 20."""
    assert [round(one, 4) for one in statistics.wilson(81, 263)[1:3] if one is not None] == [0.2553, 0.3662]
    assert [round(one, 4) for one in statistics.clopper_pearson(81, 263)[1:3] if one is not None] == [
        0.2527,
        0.3676,
    ]
    assert [round(one, 4) for one in statistics.wilson(0, 20)[1:3] if one is not None] == [0.0, 0.1611]
    assert [round(one, 4) for one in statistics.clopper_pearson(0, 20)[1:3] if one is not None] == [
        0.0,
        0.1684,
    ]


def test_a_decision_needs_p_and_the_interval() -> None:
    better = statistics.paired_binary([False] * 8, [True] * 8)
    assert statistics.decide(better) == "better"
    assert statistics.decide(better, p=0.2) == "not enough evidence"
    assert statistics.decide(better, level=0.001) == "not enough evidence"
    assert statistics.decide(better._replace(low=-0.1)) == "not enough evidence"
    assert statistics.decide(statistics.paired_binary([True] * 8, [False] * 8)) == "worse"


def test_five_rows_can_show_nothing_at_the_usual_level() -> None:
    assert statistics.detectable([[0]] * 5, [[1]] * 5) is None
    shown = statistics.detectable([[0]] * 6, [[1]] * 6)
    assert shown is not None
    assert 0 < shown <= 1
    assert statistics.decide(statistics.paired_binary([False] * 6, [True] * 6)) == "better"


def test_flips_by_chance_are_the_same_each_time() -> None:
    differences = [math.sin(number) / math.pi + 0.05 for number in range(40)]
    p = statistics.sign_flip(differences)
    assert p is not None
    assert p == statistics.sign_flip(differences) == statistics.sign_flip([-one for one in differences])
    assert (p * 10_001) == pytest.approx(round(p * 10_001))
    assert statistics.sign_flip([abs(one) + 0.1 for one in differences]) == 1 / 10_001


def test_thousand_rows_of_means_are_counted_exactly() -> None:
    assert statistics.sign_flip([2 / 9] * 1_000) == 2 / 2**1_000


def test_differences_of_very_unlike_sizes_are_written_out() -> None:
    assert statistics.sign_flip([10**9 - 1, 3, 5]) == 2 / 2**3


def test_of_many_rows_that_all_differ_by_something_else_fewer_signs_are_drawn() -> None:
    differences = [0.5 + number * 1e-7 for number in range(20_000)]
    assert statistics.sign_flip(differences) == 1 / 1_001


def test_agreement_where_one_label_is_all_there_is() -> None:
    all_yes = statistics.cohen_kappa([True] * 5, [True] * 5)
    assert all_yes == (None, 1.0, 1.0, 1.0, 5)
    assert statistics.krippendorff_alpha([["YES", "YES"], ["YES", None]]) is None
    assert statistics.krippendorff_alpha([["YES", None], [None, "NO"]]) is None, "nothing can be paired"
    assert statistics.krippendorff_alpha([["YES", "YES"], ["NO", "NO"]]) == 1.0
    assert statistics.cohen_kappa([True, False], [False, True]).estimate == -1.0


def test_a_judge_that_is_no_better_than_a_coin_corrects_nothing() -> None:
    coin = {"found_yes": 5, "true_yes": 10, "found_no": 5, "true_no": 10}
    assert statistics.corrected_rate(50, 100, **coin)[:3] == (None, None, None)
    unlabelled = {"found_yes": 0, "true_yes": 0, "found_no": 9, "true_no": 10}
    assert statistics.corrected_rate(50, 100, **unlabelled)[:3] == (None, None, None)
    perfect = statistics.corrected_rate(100, 100, found_yes=50, true_yes=50, found_no=50, true_no=50)
    assert (perfect.estimate, perfect.high) == (1.0, 1.0)
    assert perfect.low is not None
    assert perfect.low < 1.0, "fifty labels without an error do not make a perfect judge"


YES, NO = [True], [False]


def test_a_judge_without_an_error_in_few_labels_is_not_perfect() -> None:
    verdicts = [YES] * 50 + [NO] * 50
    found = statistics.judge_rates(verdicts, [YES] * 16, [NO] * 16)
    for rate in (found.true_positive, found.true_negative):
        assert (rate.estimate, rate.high, rate.n) == (1.0, 1.0, 32)
        assert rate.low is not None
        assert 0.8 < rate.low < 0.9
    assert found.corrected.estimate == 0.5


def test_labels_of_each_side_are_weighed_by_how_often_the_judge_says_it() -> None:
    verdicts = [YES] * 90 + [NO] * 10
    found = statistics.judge_rates(verdicts, [YES] * 9 + [NO], [NO] * 10)
    assert found.true_negative.estimate == pytest.approx(
        10 / 19
    )  # of 9 % that it lets through and 10 % that it finds
    assert found.corrected.estimate == pytest.approx(0.81)
    mirrored = statistics.judge_rates([NO] * 90 + [YES] * 10, [YES] * 10, [NO] * 9 + [YES])
    for one, other in (
        (found.true_positive, mirrored.true_negative),
        (found.true_negative, mirrored.true_positive),
    ):
        assert one[:3] == pytest.approx(other[:3])


@pytest.mark.parametrize(
    ("verdicts", "of_yes", "of_no", "known"),
    [
        ([], [], [], (False, False, False)),
        ([YES, NO], [], [], (False, False, False)),
        ([YES] * 9, [YES] * 5, [], (False, False, True)),
        ([NO] * 9, [], [NO] * 4 + [YES], (False, False, True)),
        ([YES, YES, NO, NO], [YES, YES], [NO], (False, False, False)),
        ([YES, YES, NO, NO], [YES, YES], [NO, NO], (True, True, True)),
        ([YES, YES, NO, NO], [NO, NO], [YES, YES], (True, True, True)),
        ([YES, YES, NO, NO], [NO, NO], [NO, NO], (False, True, True)),  # nothing is right, so that nothing is found
    ],
)  # fmt: skip
def test_what_labels_cannot_tell_is_none(
    verdicts: Any, of_yes: Any, of_no: Any, known: tuple[bool, bool, bool]
) -> None:
    found = statistics.judge_rates(verdicts, of_yes, of_no)
    assert tuple(rate.is_known for rate in found) == known
    for rate in found:
        if rate.estimate is not None and rate.low is not None and rate.high is not None:
            assert 0.0 <= rate.low <= rate.estimate <= rate.high <= 1.0


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: statistics.judge_rates([[1]], [], [], confidence=95), "confidence must be a number"),
        (lambda: statistics.wilson(3, 2), "yes must be a number from 0 to 2, not 3"),
        (lambda: statistics.clopper_pearson(-1, 2), "yes must be a whole number from 0 to 2, not -1"),
        (lambda: statistics.wilson(1, 2, confidence=95), "confidence must be a number above 0 and below 1, not 95"),
        (lambda: statistics.rate([[1]], confidence=0), "confidence must be a number above 0"),
        (lambda: statistics.paired_binary([True], []), "a has 1 rows and b 0"),
        (lambda: statistics.paired_difference([1.0], []), "a has 1 rows and b 0"),
        (lambda: statistics.difference_of([[1], []], [[1], [1]]), "a row has no verdict"),
        (lambda: statistics.mcnemar(-1, 2), "worse must be a whole number from 0 to 1000000000, not -1"),
        (lambda: statistics.newcombe(1, -1, 2, 3), "worse must be a whole number from 0"),
        (lambda: statistics.holm([2.0]), r"values\[0\] must be a number from 0 to 1, not 2.0"),
        (lambda: statistics.decide(statistics.paired_binary([], []), level=5), "level must be a number above 0"),
        (lambda: statistics.cohen_kappa([True], []), "a has 1 labels and b 0"),
        (
            lambda: statistics.corrected_rate(1, 2, found_yes=3, true_yes=2, found_no=1, true_no=1),
            "found_yes must be a whole number from 0 to 2, not 3",
        ),
        (lambda: statistics.pass_at_k([[True]], 0), "k must be a whole number from 1 to 1000000000, not 0"),
        (lambda: statistics.rows_needed(0), "difference must be 0.000001 to 1, such as 0.05, not 0"),
        (lambda: statistics.rows_needed(0.1, variance=-1), "variance must be a number from 0 to 0.5, not -1"),
        (lambda: statistics.rows_needed(0.1, epochs_a=0), "epochs_a must be a whole number from 1"),
        (lambda: statistics.rows_needed(0.1, power=1), "power must be a number above 0 and below 1"),
        (lambda: statistics.rows_needed(0.1, level=0), "level must be a number above 0 and below 1"),
        (lambda: statistics.normal_quantile(1), "p must be a number above 0 and below 1, not 1"),
        (lambda: statistics.t_quantile(0.5, 0), r"degrees must be a number from 0.1 to 1e\+09, not 0"),
        (lambda: statistics.beta_cdf(0.5, 0, 1), "a must be a number above 0, not 0"),
        (lambda: statistics.beta_cdf(2, 1, 1), "x must be a number from 0 to 1, not 2"),
        (lambda: statistics.beta_quantile(2, 1, 1), "p must be a number from 0 to 1, not 2"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_the_value(call: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()


HUGE = 10**400
untyped: Any = statistics
"""As programs without a type checker call them."""


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: untyped.rate([True, False, True]), TypeError, r"rows\[0\] is True, and .* \[True\] is meant"),
        (lambda: untyped.rate("YES"), TypeError, "rows must be a list of lists, .* not 'YES'"),
        (lambda: untyped.rate([["YES"]]), TypeError, r"a verdict in rows\[0\] .* 0 to 1, not 'YES'"),
        (lambda: untyped.rate([[2]]), ValueError, r"a verdict in rows\[0\] .* not 2"),
        (lambda: untyped.rate([[float("nan")]]), ValueError, r"a verdict in rows\[0\] .* not nan"),
        (lambda: untyped.rate(None), TypeError, "rows must be a list .* not None"),
        (lambda: untyped.mcnemar(8.5, 2), TypeError, "worse must be a whole number from 0 to 1000000000, not 8.5"),
        (lambda: untyped.mcnemar(True, 2), TypeError, "worse must be a whole number .* not True"),
        (lambda: untyped.mcnemar(2, "3"), TypeError, "better must be a whole number .* not '3'"),
        (lambda: untyped.mcnemar(HUGE, 2), ValueError, "worse must be a whole number .* not one of that size"),
        (lambda: untyped.newcombe(1, 2, 3, 0.5), TypeError, "neither must be a whole number .* not 0.5"),
        (lambda: untyped.holm([0.01, None]), TypeError, r"values\[1\] must be a number from 0 to 1, not None"),
        (lambda: untyped.holm(0.01), TypeError, "values must be a list of numbers, not 0.01"),
        (lambda: untyped.sign_flip([float("nan"), 1]), ValueError, r"differences\[0\] must be a number, not nan"),
        (lambda: untyped.beta_cdf(0.5, 1e15, 1e15), ValueError, "a must be a number"),
        (lambda: untyped.t_quantile(0.975, 1e15), ValueError, "degrees must be a number from 0.1 to 1e"),
        (lambda: untyped.sign_flip(["a"]), TypeError, r"differences\[0\] must be a number, not 'a'"),
        (lambda: untyped.clopper_pearson(17.5, 20), TypeError, "yes must be a whole number from 0 to 20, not 17.5"),
        (lambda: untyped.clopper_pearson(1, HUGE), ValueError, "n must be a whole number"),
        (lambda: untyped.wilson(True, 2), TypeError, "yes must be a number from 0 to 2, not True"),
        (lambda: untyped.wilson(1, "2"), TypeError, "n must be a number, 0 or more, not '2'"),
        (lambda: untyped.wilson(1, HUGE), ValueError, "n must be a number, 0 or more, not one of that size"),
        (lambda: untyped.wilson(1, 2, "0.9"), TypeError, "confidence .* above 0 and below 1, not '0.9'"),
        (lambda: untyped.paired_difference(["a"], [1]), TypeError, r"a\[0\] must be a number from 0 to 1, not 'a'"),
        (lambda: untyped.paired_difference(1, 2), TypeError, "a must be a list of rows, not 1"),
        (lambda: untyped.paired_binary([None], [True]), TypeError, r"a\[0\] must be a number from 0 to 1, not None"),
        (lambda: untyped.difference_of([True], [[True]]), TypeError, r"a\[0\] is True"),
        (lambda: untyped.decide(untyped.paired_binary([], []), p="a"), TypeError, "p .* 0 to 1"),
        (lambda: untyped.detectable([[1]], [[1]], level="a"), TypeError, "level must be a number above 0"),
        (lambda: untyped.cohen_kappa(1, 2), TypeError, "a must be a list of labels, not 1"),
        (lambda: untyped.krippendorff_alpha([1]), TypeError, r"items\[0\] must be a list of labels, not 1"),
        (lambda: untyped.corrected_rate(1, 2, found_yes=1.5, true_yes=2, found_no=1, true_no=1), TypeError,
         "found_yes must be a whole number from 0 to 2, not 1.5"),
        (lambda: untyped.pass_at_k([[True]], 1.5), TypeError, "k must be a whole number .* not 1.5"),
        (lambda: untyped.pass_hat_k([True], 1), TypeError, r"rows\[0\] is True"),
        (lambda: untyped.rows_needed("0.1"), TypeError, "difference must be a number from 0 to 1, not '0.1'"),
        (lambda: untyped.rows_needed(0.1, variance=0.6), ValueError, "variance .* 0 to 0.5, not 0.6"),
        (lambda: untyped.rows_needed(0.1, noise_b=0.3), ValueError, "noise_b .* 0 to 0.25, not 0.3"),
        (lambda: untyped.smallest_difference(2.5), TypeError, "rows must be a whole number .* not 2.5"),
        (lambda: untyped.normal_quantile("a"), TypeError, "p must be a number above 0 and below 1, not 'a'"),
        (lambda: untyped.t_quantile(0.9, None), TypeError, r"degrees must be a number from 0.1 to 1e\+09, not None"),
        (lambda: untyped.beta_quantile(0.5, 1, "a"), TypeError, "b must be a number above 0, not 'a'"),
    ],
)  # fmt: skip
def test_what_is_of_another_kind_is_refused_with_its_name(
    call: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        call()


def test_thousands_of_rows_that_differ_are_not_written_out() -> None:
    for worse, better in ((4_900, 5_099), (5_000, 5_200)):
        ways, exact = 1, 2
        for k in range(worse):
            ways = ways * (worse + better - k) // (k + 1)
            exact += ways * 2
        assert statistics.mcnemar(worse, better) == pytest.approx(exact / 2 ** (worse + better), rel=1e-9)
    assert 0 < statistics.mcnemar(0, 10**6) < 1e-300
    assert statistics.mcnemar(10**8, 10**8) == 1.0


def test_so_few_rows_that_they_show_nothing_have_no_smallest_difference() -> None:
    assert [statistics.smallest_difference(rows, variance=0.1) is None for rows in (0, 3, 5, 6)] == [
        True
    ] * 3 + [False]
    assert statistics.smallest_difference(7, level=0.01) is None, "that takes eight"
    assert statistics.smallest_difference(6, variance=0.5, noise_a=0.25, noise_b=0.25) is None, (
        "it would be above 1"
    )
    assert statistics.rows_needed(0.9, variance=0.0) == 6
    assert statistics.rows_needed(1.0, variance=0.0, level=0.01) == 8


def test_where_all_rows_differ_by_the_same_the_interval_is_made_of_those_of_the_rates() -> None:
    rows = [[1, 0, 1, 1, 0, 1]] * 12
    rate = statistics.rate(rows)
    found = statistics.difference_of(rows, rows)

    assert rate.estimate is not None and rate.low is not None and rate.high is not None
    assert found.method == "Wilson of each, sign flips"
    half = math.hypot(rate.estimate - rate.low, rate.high - rate.estimate)
    assert found.low == pytest.approx(-half)
    assert found.high == pytest.approx(half)
    assert half < 0.2


def test_figures_are_written_as_people_read_them() -> None:
    rate = statistics.rate([[True], [True], [False], [True]])
    assert f"{rate:.1%}" == "75.0%"
    assert f"{rate}" == str(rate) == "75.0% [30.1%, 95.4%]"
    assert f"{statistics.rate([]):.1%}" == "not measured"
    difference = statistics.paired_binary([False] * 6 + [True], [True] * 7)
    assert str(difference) == "+85.7% [+34.5%, +97.4%], p 0.0312"
    assert f"{difference:+.0%}" == "+86%"
    kappa = statistics.cohen_kappa([True, True, False, False], [True, False, False, False])
    assert str(kappa) == "kappa 0.50 (agreement 75.0%, by chance 50.0%, 4 items)"
    assert str(statistics.cohen_kappa([], [])) == "not measured"


def test_the_module_is_a_name_of_the_package() -> None:
    assert "statistics" in elluminate.__all__
    assert elluminate.statistics.wilson is statistics.wilson
