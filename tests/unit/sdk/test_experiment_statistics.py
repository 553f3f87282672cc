"""What is computed from responses: rates with intervals by row, what is missing, repetitions, and what it took."""

from __future__ import annotations

import msgspec
import pytest

from elluminate import ExperimentStatistics, statistics
from elluminate.schemas import Experiment
from elluminate.schemas.experiment_statistics import statistics_of
from tests.unit.sdk import answers
from tests.unit.sdk.judged import Verdicts, criteria_of, responses_of

SHORT, TRUE = "Is it short?", "Is it <b>true</b>?"
PRICED = {
    "duration_seconds": 0.5,
    "input_tokens": 10,
    "output_tokens": 4,
    "estimated_input_cost_usd": 0.01,
    "estimated_output_cost_usd": 0.02,
}


def found(*rows: Verdicts, metadata: dict[str, float] | None = None) -> ExperimentStatistics:
    numbered = [(f"row {number}", verdicts) for number, verdicts in enumerate(rows)]
    return statistics_of("First", responses_of(numbered, metadata=metadata), criteria_of([SHORT, TRUE]), 0.95)


def test_a_row_counts_once_however_many_verdicts_it_has() -> None:
    one = found(*[{SHORT: "Y"}] * 6, *[{SHORT: "N"}] * 4)
    three = found(*[{SHORT: "YYY"}] * 6, *[{SHORT: "NNN"}] * 4)

    assert one.criteria[0].rate == statistics.wilson(6, 10)
    assert three.criteria[0].rate.estimate == 0.6
    assert three.criteria[0].rate.n == 10
    assert three.criteria[0].verdicts.given == 30
    low, high = three.criteria[0].rate.low, three.criteria[0].rate.high
    assert low is not None
    assert high is not None
    assert high - low > 0.5, "thirty verdicts that are ten told three times are worth ten"


def test_over_all_criteria_and_by_each() -> None:
    told = found({SHORT: "Y", TRUE: "N"}, {SHORT: "Y", TRUE: "Y"})

    assert told.overall.rate == statistics.rate([[1, 0], [1, 1]])
    assert [(one.criterion, one.criterion_id, one.rate.estimate) for one in told.criteria] == [
        (SHORT, 40, 1.0),
        (TRUE, 41, 0.5),
    ]
    assert told.overall.criterion is None
    assert told.overall.pass_at_k is None, "without repetitions"


def test_repetitions_tell_how_steady_it_is() -> None:
    told = found({SHORT: "YYY", TRUE: "YYN"}, {SHORT: "YYY", TRUE: "YYY"}, {SHORT: "NNN", TRUE: "YYY"})

    by_name = {one.name: one for one in (told.overall, *told.criteria)}
    assert by_name[TRUE].pass_at_k == 1.0
    assert by_name[TRUE].pass_hat_k == pytest.approx(2 / 3)
    assert by_name[TRUE].flaky_rows == 1
    assert by_name[SHORT].flaky_rows == 0
    assert by_name["All criteria"].pass_at_k == pytest.approx(2 / 3), "an answer passes when it meets all"
    assert by_name["All criteria"].pass_hat_k == pytest.approx(1 / 3)
    assert [(row.values, row.passed, row.answers) for row in told.flaky] == [({"concept": "row 0"}, 2, 3)]


def test_what_is_missing_is_counted_with_its_reasons_and_is_no_no() -> None:
    told = found({SHORT: "Y", TRUE: "-"}, {SHORT: "x", TRUE: "x"}, {SHORT: "Y", TRUE: "Y"})

    counts = told.overall.verdicts
    assert (counts.expected, counts.given, counts.missing_answer_failed, counts.missing_not_judged) == (
        6,
        3,
        2,
        1,
    )
    assert {(why.reason, why.count) for why in counts.reasons} == {("It broke.", 2), ("Nothing usable.", 1)}
    assert told.overall.rate.estimate == 1.0
    assert told.overall.rate.n == 2
    assert told.criteria[1].rate[:3] == (1.0, None, None), "of one row there is no interval"
    assert "Missing verdicts: 3 of 6" in str(told)


def test_without_a_verdict_nothing_is_known() -> None:
    told = found({SHORT: "-"})

    assert told.overall.rate[:3] == (None, None, None)
    assert told.to_dicts()[0]["rate"] is None
    assert str(told).splitlines()[2].split()[:4] == ["All", "criteria", "-", "-"]


def test_what_it_took_as_far_as_it_is_known() -> None:
    known = found({SHORT: "Y", TRUE: "Y"}, {SHORT: "Y", TRUE: "x"}, metadata=PRICED)
    assert known.answers.count == 1, "an answer that failed is none"
    assert known.answers.cost_usd == pytest.approx(0.03)
    assert (known.judging.count, known.judging.input_tokens, known.judging.output_tokens) == (2, 20, 8)
    assert known.judging.mean_seconds == 0.5

    unknown = found({SHORT: "Y"})
    assert unknown.answers.cost_usd is unknown.answers.input_tokens is unknown.judging.mean_seconds is None
    assert "cost unknown, tokens unknown, time unknown" in str(unknown)


def test_a_table_for_people_and_rows_for_programs() -> None:
    told = found({SHORT: "YN", TRUE: "YY"}, {SHORT: "YY", TRUE: "YY"})
    lines = str(told).splitlines()

    assert lines[0] == "Experiment: First"
    assert lines[1].split("  ")[-1].strip() == "flaky rows"
    assert "pass^2" in lines[1]
    assert [row["criterion"] for row in told.to_dicts()] == [None, SHORT, TRUE]
    assert told.to_dicts()[1]["flaky_rows"] == 1


def test_over_all_criteria_rate_and_answers_that_pass_have_lines_of_their_own() -> None:
    told = found(*[{SHORT: "YY", TRUE: "NN"}] * 3, {SHORT: "YY", TRUE: "YN"})
    assert told.overall.rate.estimate == 9 / 16
    assert told.passing == statistics.rate([[0, 0]] * 3 + [[1, 0]])
    lines = str(told).splitlines()
    whole = next(line for line in lines if line.startswith("All criteria"))
    passing = next(line for line in lines if line.startswith("Answers that meet all criteria"))
    assert "56.2%" in whole
    assert "25.0%" not in whole, "best of two is no figure of the verdicts"
    assert [cell.strip() for cell in passing.split("  ") if cell.strip()] == [
        "Answers that meet all criteria",
        "12.5%",
        f"{told.passing.low:.1%} to {told.passing.high:.1%}",
        "4",
        "-",
        "-",
        "Wilson, effective n",
        "0.0%",
        "25.0%",
        "1",
    ]


def test_where_there_is_no_interval_and_nothing_was_judged_the_table_claims_none() -> None:
    told = found({SHORT: "Y"})
    assert "Wilson" not in str(told)
    assert told.to_dicts()[0]["method"] is None
    bare = statistics_of("Bare", responses_of([("row", {SHORT: "-"})]), [], 0.95)
    assert "Judging" not in str(bare)


def test_reasons_name_what_befell_the_answer_or_the_verdict() -> None:
    told = str(found({SHORT: "x"}, {SHORT: "-"}))
    assert "  1 without an answer: It broke.\n  1 not judged: Nothing usable." in told


@pytest.mark.parametrize(
    ("logs", "says"),
    [
        ("Waits.\nFAILURE: It could not be reached.", "ended so: It could not be reached; call retry_failed()"),
        (None, "has not been answered, as far as it was read; call run"),
    ],
)  # fmt: skip
def test_a_run_that_failed_before_the_first_answer_names_the_reason(logs: str | None, says: str) -> None:
    experiment = msgspec.convert(answers.experiment(logs=logs), Experiment, strict=False)
    assert says in str(experiment._without_answers())


def test_the_figures_of_one_experiment_do_not_look_into_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(value: object) -> str:
        raise AssertionError(f"looked into {value!r}, which may be megabytes")

    monkeypatch.setattr("elluminate.schemas.judged_rows._canonical", look)
    assert found({TRUE: "YN"}).overall.rate.estimate == 0.5


def test_html_is_escaped_and_bounded() -> None:
    many = {f"<script>{number}</script>" * 9: "Y" for number in range(400)}
    html = found({TRUE: "Y", **many})._repr_html_()

    assert "<script" not in html
    assert "<b>" not in html
    assert "&lt;b&gt;true" in html
    assert "352 more" in html
    assert len(html) < 30_000


def test_the_summary_shows_the_interval_beside_every_rate(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("a", {"Is it correct?": "Y"}), ("b", {"Is it correct?": "Y"}), ("c", {"Is it correct?": "N"})]
    body = answers.experiment(results=answers.results())
    experiment = msgspec.convert(body, Experiment, strict=False)
    experiment.print_results_summary()
    assert "interval" not in capsys.readouterr().out, "without its responses nothing is known of the rows"

    experiment._take_responses(responses_of(rows))
    experiment.print_results_summary()
    told = capsys.readouterr().out
    assert "Pass rate: 75.0%, 95 % interval 20.8% to 93.9% by 3 rows\n" in told
    assert "  Is it correct?: 75.0% yes, 25.0% no, 95 % interval 20.8% to 93.9% by 3 rows\n" in told
