"""What intervals and verdicts promise, shown by simulation with fixed seeds; the figures are printed (pytest -rP)."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from elluminate import statistics
from elluminate.statistics import Interval

Rows = list[list[bool]]
COMPARISONS = 2_000
INTERVALS = 1_500
CRITERIA, EPOCHS = 3, 3


def correlated_rows(
    chance: random.Random, count: int, verdicts: int, mean: float, alike: float = 2.0
) -> Rows:
    """Rows whose verdicts hang together: each row has a rate of its own, drawn from a Beta distribution."""
    rates = [chance.betavariate(mean * alike, (1 - mean) * alike) for _ in range(count)]
    return [[chance.random() < rate for _ in range(verdicts)] for rate in rates]


def equals(chance: random.Random, count: int) -> tuple[list[Rows], list[Rows]]:
    """By criterion, the verdicts of two experiments that are the same but for chance, over the same rows."""
    sides: tuple[list[Rows], list[Rows]] = ([[] for _ in range(CRITERIA)], [[] for _ in range(CRITERIA)])
    for _ in range(count):
        of_row = chance.betavariate(2, 1)
        for criterion in range(CRITERIA):
            own = 0.6 * of_row + 0.4 * chance.random()
            for side in sides:
                side[criterion].append([chance.random() < own for _ in range(EPOCHS)])
    return sides


def test_equals_are_rarely_told_apart() -> None:
    chance = random.Random(20_261_130)
    over_all = in_family = unadjusted = 0
    for number in range(COMPARISONS):
        a, b = equals(chance, 12 + number % 60)
        found = [statistics.difference_of(one, other) for one, other in zip(a, b, strict=True)]
        holm = statistics.holm([one.p for one in found if one.p is not None])
        verdicts = [statistics.decide(one, 0.05, p) for one, p in zip(found, holm, strict=True)]
        in_family += any(one != "not enough evidence" for one in verdicts)
        unadjusted += any(statistics.decide(one, 0.05) != "not enough evidence" for one in found)
        whole = statistics.difference_of(of_rows(a), of_rows(b))
        over_all += statistics.decide(whole, 0.05) != "not enough evidence"
    shares = [count / COMPARISONS for count in (over_all, in_family, unadjusted)]
    print("false alarms of {} comparisons of equals: over all {:.2%}, by Holm {:.2%}, without Holm {:.2%}".format(
        COMPARISONS, *shares
    ))  # fmt: skip
    assert shares[0] <= 0.05
    assert shares[1] <= 0.05
    assert shares[2] > 0.05, "this is what Holm is for"


def of_rows(by_criterion: list[Rows]) -> Rows:
    """All verdicts of each row."""
    return [[verdict for verdicts in row for verdict in verdicts] for row in zip(*by_criterion, strict=True)]


def test_a_difference_is_found_as_often_as_planned() -> None:
    """0.2 better: 80 % of the comparisons over as many rows as rows_needed() says find it."""
    chance = random.Random(7)
    difference, rate = 0.2, 0.5
    variance = rate * (1 - rate) + (rate + difference) * (1 - rate - difference)
    rows = statistics.rows_needed(difference, variance=variance)
    found = 0
    for _ in range(INTERVALS):
        a = [chance.random() < rate for _ in range(rows)]
        b = [chance.random() < rate + difference for _ in range(rows)]
        found += statistics.decide(statistics.paired_binary(a, b)) == "better"
    print(f"a difference of {difference} over {rows} rows is found in {found / INTERVALS:.1%} of comparisons")
    assert 0.74 <= found / INTERVALS <= 0.86, "the exact test is a little more careful than the formula"


def coverage(mean: float, draw: Callable[[], Interval]) -> tuple[float, float]:
    """How often the interval holds the mean, and how wide it is."""
    hit, width = 0, 0.0
    for _ in range(INTERVALS):
        found = draw()
        assert found.low is not None
        assert found.high is not None
        hit += found.low <= mean <= found.high
        width += found.high - found.low
    return hit / INTERVALS, width / INTERVALS


@pytest.mark.parametrize("rows", [10, 20, 29, 30, 100])
@pytest.mark.parametrize("mean", [0.5, 0.7, 0.8])
def test_intervals_of_several_verdicts_a_row_hold_the_mean(rows: int, mean: float) -> None:
    chance = random.Random(rows)
    found, width = coverage(mean, lambda: statistics.rate(correlated_rows(chance, rows, 9, mean)))
    print(f"{rows} rows of 9 verdicts around {mean}: {found:.1%} of the intervals, {width:.2f} wide")
    assert 0.93 <= found <= 0.97


@pytest.mark.parametrize("rows", [20, 50, 100])
def test_near_the_end_intervals_hold_the_mean_nearly_as_often(rows: int) -> None:
    """Around 0.95 hardly any row has a NO, and the few that have decide all: 93 % are out of reach, 89 % are not."""
    chance = random.Random(rows)
    made = [correlated_rows(chance, rows, 9, 0.95) for _ in range(INTERVALS)]
    drawn, again = iter(made), iter(made)
    found, _ = coverage(0.95, lambda: statistics.rate(next(drawn)))
    plain, _ = coverage(0.95, lambda: statistics.clustered(next(again)))
    print(f"{rows} rows of 9 verdicts around 0.95: {found:.1%} of the intervals, by t alone {plain:.1%}")
    assert found >= 0.89
    assert found > plain


@pytest.mark.parametrize("rows", [30, 60, 200])
@pytest.mark.parametrize("mean", [0.5, 0.7, 0.9])
def test_intervals_of_one_verdict_a_row_hold_the_mean(rows: int, mean: float) -> None:
    """So many rows have a number of YES that is whole: where the ends jump, coverage does by some points.

    So it is not drawn but counted, and its mean over nearby rates is held to 93 to 97 %.
    """
    from math import comb

    ends = [statistics.wilson(yes, rows) for yes in range(rows + 1)]
    nearby = [mean - 0.03 + 0.001 * step for step in range(61)]
    held = sum(
        comb(rows, yes) * rate**yes * (1 - rate) ** (rows - yes)
        for rate in nearby
        for yes, one in enumerate(ends)
        if one.low is not None and one.high is not None and one.low <= rate <= one.high
    ) / len(nearby)
    exactly = [statistics.clopper_pearson(yes, rows) for yes in range(rows + 1)]
    never_less = min(
        sum(
            comb(rows, yes) * rate**yes * (1 - rate) ** (rows - yes)
            for yes, one in enumerate(exactly)
            if one.low is not None and one.high is not None and one.low <= rate <= one.high
        )
        for rate in nearby
    )
    print(f"{rows} rows around {mean}: Wilson {held:.1%}, Clopper-Pearson at least {never_less:.1%}")
    assert 0.93 <= held <= 0.97
    assert never_less >= 0.95


@pytest.mark.parametrize("rows", [20, 40, 100])
def test_intervals_of_differences_hold_the_difference(rows: int) -> None:
    chance = random.Random(rows)
    hit = {"means": 0, "single verdicts": 0}
    for _ in range(INTERVALS):
        pairs = [chance.betavariate(2, 2) for _ in range(rows)]
        for what, verdicts in (("means", 6), ("single verdicts", 1)):
            a = [[chance.random() < 0.8 * one for _ in range(verdicts)] for one in pairs]
            b = [[chance.random() < 0.8 * one + 0.2 for _ in range(verdicts)] for one in pairs]
            found = statistics.difference_of(a, b)
            assert found.low is not None
            assert found.high is not None
            hit[what] += found.low <= 0.2 <= found.high
    shares = {what: count / INTERVALS for what, count in hit.items()}
    print(f"{rows} rows, difference 0.2: " + ", ".join(f"{what} {one:.1%}" for what, one in shares.items()))
    assert all(0.93 <= share <= 0.975 for share in shares.values())


@pytest.mark.parametrize("true", [0.3, 0.5, 0.8, 0.92])
@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.95, 0.9), (0.8, 0.8), (0.9, 0.7)])
def test_a_judge_s_rates_hold_the_true_ones_where_labels_are_drawn_by_its_verdicts(
    true: float, sensitivity: float, specificity: float
) -> None:
    chance = random.Random(int(1000 * true + 100 * sensitivity))
    held, too_high = [0, 0, 0], [0, 0]
    times = 400
    for _ in range(times):
        truths = [chance.random() < true for _ in range(300)]
        rows = [(chance.random() < (sensitivity if truth else 1 - specificity), truth) for truth in truths]
        sides = [[[truth] for verdict, truth in rows if verdict is said] for said in (True, False)]
        drawn = [chance.sample(side, min(25, len(side))) for side in sides]
        found = statistics.judge_rates([[verdict] for verdict, _ in rows], drawn[0], drawn[1])
        for place, (rate, value) in enumerate(zip(found, (sensitivity, specificity, true), strict=True)):
            assert rate.low is not None
            assert rate.high is not None
            held[place] += rate.low <= value <= rate.high
            if place < 2:
                too_high[place] += rate.low > value
    print(f"true {true}, judge {sensitivity}/{specificity}: {[one / times for one in held]}, {too_high}")
    assert min(held) >= 0.91 * times
    assert max(too_high) <= 0.05 * times  # what validates a judge wrongly


@pytest.mark.parametrize("true", [0.1, 0.3, 0.5, 0.8, 0.95])
@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.95, 0.9), (0.8, 0.8), (0.9, 0.7)])
def test_the_corrected_rate_holds_the_true_one(true: float, sensitivity: float, specificity: float) -> None:
    chance = random.Random(int(1000 * true))

    def happened(of: int, rate: float) -> int:
        return sum(chance.random() < rate for _ in range(of))

    judged_yes = true * sensitivity + (1 - true) * (1 - specificity)
    found, width = coverage(
        true,
        lambda: statistics.corrected_rate(
            happened(200, judged_yes), 200, found_yes=happened(50, sensitivity), true_yes=50,
            found_no=happened(50, specificity), true_no=50,
        ),
    )  # fmt: skip
    print(f"true {true}, judge {sensitivity}/{specificity}: {found:.1%} of the intervals, {width:.2f} wide")
    assert found >= 0.93
