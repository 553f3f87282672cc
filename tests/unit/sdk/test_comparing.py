"""Two experiments over the same rows: what is paired, what is left out, and what can be said."""

from __future__ import annotations

from typing import Any

import pytest

from elluminate import ExperimentComparison, NotComparableError, statistics
from elluminate.schemas.comparing import Side, compare
from tests.unit.sdk.judged import Verdicts, side

SHORT, TRUE = "Is it short?", "Is it true?"


def rows(letters: str, text: str = SHORT) -> list[tuple[Any, Verdicts]]:
    """One row for each letter, with one verdict."""
    return [(f"row {number}", {text: letter}) for number, letter in enumerate(letters)]


def compared(
    a: list[tuple[Any, Verdicts]], b: list[tuple[Any, Verdicts]], level: float = 0.05
) -> ExperimentComparison:
    return compare(side("A", a), side("B", b, first_id=70), level)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ("NNNNNNNYYY", "YYYYYYYYYY", "better"),
        ("YYYYYYYYYY", "NNNNNNNYYY", "worse"),
        ("NNNNNYYYYY", "YYYYYYYYYY", "not enough evidence"),
        ("NNNNNNNYYY", "NNNNNNNYYY", "not enough evidence"),
    ],
)
def test_the_verdict(before: str, after: str, verdict: str) -> None:
    found = compared(rows(before), rows(after))

    assert found.verdict == found.criteria[0].verdict == verdict
    expected = statistics.paired_binary([one == "Y" for one in before], [one == "Y" for one in after])
    assert found.overall.difference == expected
    assert found.criteria[0].p_holm == expected.p


def test_the_other_way_round_is_the_opposite() -> None:
    one, other = compared(rows("NNNNNNYN"), rows("YYYYYYNY")), compared(rows("YYYYYYNY"), rows("NNNNNNYN"))

    assert one.overall.difference.estimate == -(other.overall.difference.estimate or 0)
    assert one.overall.difference.p == other.overall.difference.p
    assert (len(one.better), len(one.worse)) == (len(other.worse), len(other.better)) == (7, 1)


def test_the_level_can_be_set() -> None:
    assert compared(rows("N" * 6), rows("Y" * 6)).verdict == "better"
    assert compared(rows("N" * 6), rows("Y" * 6), level=0.01).verdict == "not enough evidence"


def test_rows_are_paired_by_what_is_in_them_and_not_by_order_or_id() -> None:
    a: list[tuple[Any, Verdicts]] = [({"x": 1, "y": "z"}, {SHORT: "N"}), ({"x": 2, "y": "z"}, {SHORT: "Y"})]
    b: list[tuple[Any, Verdicts]] = [({"y": "z", "x": 2.0}, {SHORT: "Y"}), ({"y": "z", "x": 1}, {SHORT: "Y"})]

    found = compared(a, b)

    assert found.rows == 2
    assert [row.values for row in found.better] == [{"y": "z", "x": 1}]
    assert found.worse == ()


def test_equal_rows_are_paired_in_order_and_the_rest_is_named() -> None:
    a: list[tuple[Any, Verdicts]] = [("same", {SHORT: "N"}), ("same", {SHORT: "Y"}), ("only a", {SHORT: "Y"})]
    b: list[tuple[Any, Verdicts]] = [("same", {SHORT: "N"}), ("same", {SHORT: "Y"}), ("same", {SHORT: "Y"})]

    found = compared(a, b)

    assert found.rows == 2
    assert (found.better, found.worse) == ((), ())
    assert found.rows_only_in_a == ({"concept": "only a"},)
    assert found.rows_only_in_b == ({"concept": "same"},)
    assert "Left out, only in A: 1 row: concept=only a" in str(found)


def test_criteria_are_paired_by_their_texts_whatever_their_ids_and_order() -> None:
    a: list[tuple[Any, Verdicts]] = [
        ("r", {SHORT: "Y", TRUE: "N", "Only A?": "N"}),
        ("s", {SHORT: "Y", TRUE: "N"}),
    ]
    b: list[tuple[Any, Verdicts]] = [
        ("r", {"Only B?": "Y", TRUE: "Y", SHORT: "Y"}),
        ("s", {TRUE: "Y", SHORT: "Y"}),
    ]

    found = compared(a, b)

    assert [(one.criterion, one.difference.estimate) for one in found.criteria] == [(SHORT, 0.0), (TRUE, 1.0)]
    assert (found.criteria_only_in_a, found.criteria_only_in_b) == (("Only A?",), ("Only B?",))
    assert found.overall.difference.estimate == 0.5, "what only one of them has does not count"
    assert "only in B: criteria Only B?" in str(found)


def test_epochs_are_averaged_by_row() -> None:
    a: list[tuple[Any, Verdicts]] = [(number, {SHORT: "YN"}) for number in range(8)]
    b: list[tuple[Any, Verdicts]] = [(number, {SHORT: "YYYN"}) for number in range(8)]

    found = compared(a, b)

    assert found.overall.difference.estimate == 0.25
    assert found.overall.difference.n == 8
    assert found.overall.difference.p == 2 / 2**8
    assert [(row.before, row.after) for row in found.better] == [(0.5, 0.75)] * 8
    assert [len(row.answers_after) for row in found.better] == [4] * 8


def test_a_verdict_that_is_missing_is_left_out_of_both_sides_and_counted() -> None:
    found = compared(rows("NNNNNNN--x"), rows("YYYYYY-YYY"))

    assert found.overall.difference.n == 6
    assert found.overall.rate_a.estimate == 0.0
    assert found.overall.rate_b.estimate == 1.0
    assert (found.overall.left_out, found.overall.missing_a, found.overall.missing_b) == (4, 3, 1)
    assert "Missing verdicts: 3 in A, 1 in B" in str(found)
    assert "Left out, for want of a verdict on one side: 4 rows" in str(found)


def test_a_missing_verdict_moves_no_other_to_another_criterion_of_the_same_text() -> None:
    def judged(first: str) -> list[tuple[Any, Verdicts]]:
        return [(f"row {number}", {"first": letter, "second": "Y"}) for number, letter in enumerate(first)]

    def of_one_text(found: Side) -> Side:
        for criterion in found.criteria:
            criterion.criterion_str = SHORT
        for response in found.responses:
            for rating in response.ratings:
                rating.criterion.criterion_str = SHORT
        return found

    a = of_one_text(side("A", judged("-N" * 12)))
    found = compare(a, of_one_text(side("B", judged("N" * 24), first_id=70)), 0.05)

    assert [one.rate_a.estimate for one in found.criteria] == [0.0, 1.0]
    assert [one.rate_b.estimate for one in found.criteria] == [0.0, 1.0]
    assert found.verdict == "not enough evidence"


def test_the_level_stands_there_as_it_is() -> None:
    assert "99.9% interval" in str(compared(rows("NY" * 6), rows("YN" * 6), level=0.001))


def test_what_would_move_a_terminal_s_cursor_is_escaped() -> None:
    told = str(compared(rows("NNNN", "Is it\x1b[2J short?"), rows("YYYY", "Is it\x1b[2J short?")))
    assert "Is it\\x1b[2J short?" in told
    assert "\x1b" not in told


def test_the_title_counts_the_rows_that_the_lines_below_count() -> None:
    assert "over 6 of 10 rows that both have: better" in str(compared(rows("NNNNNNN--x"), rows("YYYYYY-YYY")))
    one = compared(rows("Y"), rows("N"))
    assert ", over 1 row: not enough evidence" in str(one)
    assert str(one.overall) == "All criteria: 100.0% to 0.0%, -100.0%, p 1, over 1 row: not enough evidence"


def test_where_all_rows_are_equal_the_difference_is_as_wide_as_the_rates_allow() -> None:
    same: list[tuple[Any, Verdicts]] = [(n, {SHORT: "YN", TRUE: "NY", "Kind?": "YY"}) for n in range(12)]
    found = compared(same, same).overall
    assert found.rate_a.low is not None and found.rate_a.high is not None
    assert found.difference.low is not None and found.difference.high is not None
    width = found.rate_a.high - found.rate_a.low
    assert found.difference.method == "Wilson of each, sign flips"
    assert found.difference.high - found.difference.low < 1.5 * width < 0.4


def test_over_all_a_row_counts_by_the_criteria_that_both_have_a_verdict_on() -> None:
    a: list[tuple[Any, Verdicts]] = [("r", {SHORT: "Y", TRUE: "-"}), ("s", {SHORT: "Y", TRUE: "N"})]
    b: list[tuple[Any, Verdicts]] = [("r", {SHORT: "Y", TRUE: "N"}), ("s", {SHORT: "Y", TRUE: "N"})]

    found = compared(a, b)

    assert found.overall.difference.estimate == 0.0, "the NO that has no counterpart makes nothing worse"
    assert found.overall.difference.n == 2
    assert found.criteria[1].difference.n == 1
    assert found.criteria[1].verdict == "not enough evidence"


def test_a_criterion_that_was_never_judged_on_one_side_is_told() -> None:
    both = [(n, {SHORT: "Y", TRUE: "-"}) for n in range(6)], [(n, {SHORT: "Y", TRUE: "Y"}) for n in range(6)]
    found = compared(list(both[0]), list(both[1]))

    never = found.criteria[1]
    assert never.difference[:4] == (None, None, None, None)
    assert (never.verdict, never.p_holm, never.left_out, never.missing_a) == (
        "not enough evidence",
        None,
        6,
        6,
    )
    assert found.criteria[0].p_holm == 1.0


def test_among_many_criteria_one_has_to_stand_out_more() -> None:
    texts = [f"Question {number}?" for number in range(10)]
    a: list[tuple[Any, Verdicts]] = [(n, dict.fromkeys(texts, "N")) for n in range(6)]
    b: list[tuple[Any, Verdicts]] = [(n, dict.fromkeys(texts, "N") | {texts[0]: "Y"}) for n in range(6)]

    found = compared(a, b)

    assert found.criteria[0].difference.p == 0.03125
    assert found.criteria[0].p_holm == 0.3125
    assert found.criteria[0].verdict == "not enough evidence"


def test_rows_that_changed_have_their_texts() -> None:
    found = compared(rows("YN"), rows("NN"))

    (row,) = found.worse
    assert row.values == {"concept": "row 0"}
    assert row.answers_before[0].answer == "Answer 1 to row 0"
    assert row.answers_before[0].verdicts == {SHORT: True}
    assert row.answers_after[0].verdicts == {SHORT: False}
    assert row.answers_after[0].reasonings == {SHORT: "Because of row 0."}
    assert "100.0% to 0.0%: concept=row 0" in str(found)


def test_the_smallest_difference_that_could_have_been_found_stands_there() -> None:
    few = compared(rows("NNNYY"), rows("YYYYY"))
    assert few.overall.detectable is None
    assert "These rows could show no difference at this level, whatever it is" in str(few)

    many = compared(rows("NY" * 50), rows("YYNY" * 25))
    assert many.overall.detectable is not None
    assert 0.1 < many.overall.detectable < 0.25
    assert f"could have shown over all: {many.overall.detectable:.1%}" in str(many)


def test_rates_that_statistics_counts_otherwise_say_how_they_count() -> None:
    more = {SHORT: "Y", "Is it kind?": "Y"}
    found = compared([("a", more), ("b", {SHORT: "N"})], [("a", more), ("b", {SHORT: "N"})])

    assert found.overall.rate_a.estimate == 0.5  # of rows; 2 of the 3 verdicts are YES
    for shown in (str(found), found._repr_html_()):
        assert (
            "Rates count each row once, however many verdicts it has; statistics() counts each verdict"
            in shown
        )


def test_without_a_common_row_it_is_refused_and_says_what_there_is() -> None:
    with pytest.raises(
        NotComparableError, match=r"'A' and 'B' have no row in common.*'row 0'.*'elsewhere'"
    ) as raised:
        compared(rows("Y"), [("elsewhere", {SHORT: "Y"})])
    assert isinstance(raised.value, ValueError)


def test_without_a_common_criterion_it_is_refused_and_says_what_there_is() -> None:
    with pytest.raises(NotComparableError, match=r"'A' and 'B' have no criterion in common.*short\?.*true\?"):
        compared(rows("Y"), rows("Y", TRUE))


def test_one_row_decides_nothing() -> None:
    found = compared(rows("N"), rows("Y"))
    assert found.overall.difference[:4] == (1.0, None, None, 1.0)
    assert found.verdict == "not enough evidence"


def test_rows_for_programs() -> None:
    found = compared(rows("NNNNNNN"), rows("YYYYYYN"))
    overall, by_criterion = found.to_dicts()
    assert overall["criterion"] is None
    assert by_criterion["criterion"] == SHORT
    assert (by_criterion["better"], by_criterion["worse"], by_criterion["rows"]) == (6, 0, 7)
    assert by_criterion["verdict"] == "better"


def test_html_is_escaped_and_bounded() -> None:
    attack = "<img src=x onerror=alert(1)>" * 50
    a: list[tuple[Any, Verdicts]] = [(f"{attack}{number}", {f"{attack}?": "N"}) for number in range(400)]
    b: list[tuple[Any, Verdicts]] = [(f"{attack}{number}", {f"{attack}?": "Y"}) for number in range(400)]

    html = compared(a, b)._repr_html_()

    assert "<img" not in html
    assert "&lt;img src=x" in html
    assert "Rows that got better: 400" in html
    assert len(html) < 200_000
    assert len(str(compared(a, b))) < 5_000
