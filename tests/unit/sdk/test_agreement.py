"""How far judges agree with people, and what is drawn to be labelled: computed from responses and labels."""

from __future__ import annotations

import datetime
import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from elluminate.schemas import EarlierRating, Label, LabelValue, PromptResponse, RatingValue
from elluminate.schemas.agreement import agreement_of
from elluminate.schemas.experiment_statistics import statistics_of
from elluminate.schemas.label_draws import draw
from tests.unit.sdk.judged import criteria_of, responses_of

NOW = datetime.datetime(2026, 4, 1, tzinfo=datetime.UTC)
SHORT = "Is it short?"
JUDGE = {"llm_model_config": {"id": 1, "name": "J", "llm_model_name": "judge-1", "inference_type": "openai"}}


def judged(letters: str, metadata: dict[str, Any] | None = None) -> list[PromptResponse]:
    """One row for each letter, judged by one criterion."""
    return responses_of([(f"r{n}", {SHORT: letter}) for n, letter in enumerate(letters)], metadata=metadata)


def label(response: PromptResponse, value: str, key: int = 1, criterion_id: int = 40) -> Label:
    return Label(
        id=1,
        experiment_id=70,
        response_id=response.id,
        criterion_id=criterion_id,
        value=LabelValue(value),
        key_id=key,
        key_name=f"key {key}",
        created_at=NOW,
    )


def labels(responses: Sequence[PromptResponse], letters: str, key: int = 1) -> list[Label]:
    """One for each response: Y, N, u or "-" for none."""
    values = {"Y": "YES", "N": "NO", "u": "UNSURE"}
    return [
        label(response, values[letter], key)
        for response, letter in zip(responses, letters, strict=True)
        if letter != "-"
    ]


def test_a_judge_that_agrees_on_enough_labels_is_validated() -> None:
    responses = judged("Y" * 30 + "N" * 30)
    (one,) = agreement_of("E", "v1", responses, labels(responses, "Y" * 30 + "N" * 30)).judges
    assert (one.n, one.yes_labels, one.verdicts, one.base_rate) == (60, 30, 60, 0.5)
    assert (one.true_positive_rate.estimate, one.true_negative_rate.estimate) == (1.0, 1.0)
    assert one.kappa.estimate == 1.0
    assert one.corrected_pass_rate.estimate == 0.5
    assert (one.is_validated, one.problem, one.status) == (True, None, "validated")


def test_few_labels_validate_no_judge_and_the_reason_is_told() -> None:
    responses = judged("Y" * 30 + "N" * 30)
    given = labels(responses, "Y" * 6 + "-" * 24 + "N" * 6 + "-" * 24)
    (one,) = agreement_of("E", "v1", responses, given).judges
    assert not one.is_validated
    assert one.status == (
        "judge not validated: 12 labels; the lower bound of its true positive rate is 0.69 and the lower bound of its "
        "true negative rate is 0.69, wanted 0.80"
    )


def test_labels_that_were_drawn_by_the_verdict_are_weighed_by_how_often_it_is_given() -> None:
    # 90 YES of which a tenth is wrong, 10 NO, all right: half of 20 labels are of each.
    responses = judged("Y" * 90 + "N" * 10)
    given = labels(responses, "Y" * 9 + "N" + "-" * 80 + "N" * 10)
    (one,) = agreement_of("E", "v1", responses, given).judges
    # Of what is wrong, 9 of 19 are called YES; the labels by themselves would say 1 of 11.
    assert one.true_negative_rate.estimate == pytest.approx(10 / 19)
    assert one.true_positive_rate.estimate == 1.0
    assert one.corrected_pass_rate.estimate == pytest.approx(0.81)
    assert not one.is_validated


@pytest.mark.parametrize(
    ("verdicts", "said", "problem"),
    [
        ("YYNN", "----", "no labels; at least two rows to which it says YES must be labelled"),
        ("YYNN", "YY--", "2 labels; at least two rows to which it says NO must be labelled"),
        ("YYYY", "YYYN", "4 labels; it says YES to all, so that one side was never tried"),
        ("NNNN", "Y---", "1 label; it says NO to all, so that one side was never tried"),
    ],
)
def test_what_cannot_be_known_is_none_with_the_reason(verdicts: str, said: str, problem: str) -> None:
    responses = judged(verdicts)
    (one,) = agreement_of("E", None, responses, labels(responses, said)).judges
    assert one.problem == problem
    assert one.true_positive_rate.low is None
    assert "-" in str(agreement_of("E", None, responses, labels(responses, said)))


@pytest.mark.parametrize(
    ("verdicts", "said", "why"),
    [
        (
            "YYYY",
            "Y---",
            "it takes labels on at least two rows of each verdict that the judge gives, YES and NO",
        ),
        (
            "YYNN",
            "Y-N-",
            "it takes labels on at least two rows of each verdict that the judge gives, YES and NO",
        ),
        ("Y", "Y", "it takes verdicts on two rows at least"),
    ],
)
def test_a_corrected_rate_without_an_interval_says_what_gives_it_one(
    verdicts: str, said: str, why: str
) -> None:
    responses = judged(verdicts)
    found = agreement_of("E", None, responses, labels(responses, said))

    assert f"the corrected rate has no interval: {why}" in str(found)
    assert "%, no interval" in str(found)
    assert "[-, -]" not in str(found)
    assert why in found._repr_html_()


def test_several_people_decide_by_majority() -> None:
    responses = judged("YYNNN")
    given = [
        *labels(responses, "YYNuY", key=1),
        *labels(responses, "NYNuN", key=2),
        *labels(responses, "N----", key=3),
    ]
    found = agreement_of("E", None, responses, given)
    (one,) = found.judges
    assert (one.n, one.yes_labels, one.unsure, one.disputed) == (3, 1, 1, 1)
    alpha = found.between_people[40]
    assert alpha is not None
    assert f"Krippendorff's alpha {alpha:.2f}" in str(found)


def test_each_judge_is_weighed_by_itself_and_those_of_before_are_kept() -> None:
    responses = judged("YYNN", metadata=JUDGE)
    given = labels(responses, "YYNN")
    earlier = [
        EarlierRating(
            id=number,
            experiment_id=70,
            response_id=response.id,
            criterion_id=40,
            rating=RatingValue.NO,
            rating_version="v0",
            created_at=NOW,
            replaced_at=NOW,
        )
        for number, response in enumerate(responses)
    ]
    found = agreement_of("E", "v1", responses, given, earlier)
    assert [(one.rating_version, one.model, one.judge) for one in found.judges] == [
        ("v0", None, "v0"),
        ("v1", "judge-1", "v1, judge-1"),
    ]
    old, new = found.judges
    assert (old.pass_rate.estimate, new.pass_rate.estimate) == (0.0, 0.5)
    assert (old.kappa.observed, new.kappa.observed) == (0.5, 1.0)
    # Without labels, a judge of before is of no use.
    assert [one.rating_version for one in agreement_of("E", "v1", responses, [], earlier).judges] == ["v1"]


def test_withdrawn_labels_and_failed_answers_do_not_count() -> None:
    responses = judged("YNx")
    given = labels(responses, "YNN")
    given[0].superseded_at = NOW
    (one,) = agreement_of("E", None, responses, given).judges
    assert (one.n, one.verdicts) == (1, 2)


def test_what_markup_and_control_characters_say_is_only_shown() -> None:
    text = "<b>\x1b[2J?"
    responses = responses_of([("r", {text: "Y"})])
    found = agreement_of("E\x1b[2J", None, responses, [])
    assert "\x1b" not in str(found)
    assert "<b>" not in found._repr_html_()
    (row,) = found.to_dicts()
    assert (row["criterion"], row["labels"], row["validated"]) == (text, 0, False)


def test_statistics_say_which_judge_is_not_validated_where_somebody_labelled() -> None:
    responses = judged("YYNN")
    silent = statistics_of("E", responses, criteria_of([SHORT]), 0.95)
    assert silent.not_validated == ()
    for response, one in zip(responses, labels(responses, "YYNN"), strict=True):
        response.ratings[0].labels = [one]
    found = statistics_of("E", responses, criteria_of([SHORT]), 0.95)
    assert len(found.not_validated) == 1
    assert "Is it short?: judge not validated: 4 labels" in str(found)
    assert "judge not validated" in found._repr_html_()


def test_half_of_a_draw_is_yes_and_half_no_in_an_order_that_tells_neither() -> None:
    responses = judged("Y" * 150 + "N" * 50)
    verdicts = {one.id: one.ratings[0].rating.value for one in responses}
    items = draw(responses, 40, seed="experiment 1")
    drawn = [verdicts[item.response_id] for item in items]
    assert Counter(drawn) == {"YES": 20, "NO": 20}
    assert 10 < sum(one != other for one, other in itertools.pairwise(drawn)) < 30  # as by chance
    again = draw(responses, 40, seed="experiment 1")
    assert [one.response_id for one in items] == [one.response_id for one in again]
    other = draw(responses, 40, seed="experiment 2")
    assert [one.response_id for one in items] != [one.response_id for one in other]


def test_what_there_is_fills_up_a_draw() -> None:
    responses = judged("YYYYYYN")
    assert len(draw(responses, 4, seed="")) == 4
    assert len(draw(responses, 99, seed="")) == 7
    assert draw(judged("xx"), 9, seed="") == []


def test_what_was_labelled_is_left_out_and_the_rest_stays_in_its_order() -> None:
    responses = judged("Y" * 10 + "N" * 10)
    first = draw(responses, 20, seed="")
    done = {(item.response_id, item.criterion.id) for item in first[:7]}
    rest = draw(responses, 20, seed="", labelled=done)
    assert [one.response_id for one in rest] == [one.response_id for one in first[7:]]


def test_what_the_judge_is_least_certain_of_comes_first() -> None:
    rows = [(f"r{number}", {SHORT: "YYN" if number == 7 else "YYY"}) for number in range(20)]
    responses = responses_of(rows)
    items = draw(responses, 2, seed="")
    assert {item.values["concept"] for item in items} == {"r7"}
    # Then one of each row, before a second one of any.
    more = draw(responses, 20, seed="")
    assert max(Counter(item.values["concept"] for item in more).values()) <= 2


def test_each_criterion_has_its_share() -> None:
    responses = responses_of([(f"r{n}", {SHORT: "YN"[n % 2], "Right?": "NY"[n % 2]}) for n in range(20)])
    items = draw(responses, 10, seed="")
    assert Counter(item.question for item in items) == {SHORT: 5, "Right?": 5}
    only = draw(responses, 10, seed="", criterion_id=items[0].criterion.id)
    assert {item.criterion.id for item in only} == {items[0].criterion.id}


def test_an_item_shows_prompt_answer_and_question_and_no_verdict() -> None:
    (response,) = responses_of([("tides", {"Is it about {{concept}}?": "N"})])
    (item,) = draw([response], 1, seed="")
    assert (item.prompt, item.answer) == ("Explain recursion.", response.response_text)
    assert item.question == "Is it about tides?"
    for shown in (repr(item), str(item), str(draw([response], 1, seed="").to_dicts()), repr(vars_of(item))):
        assert "NO" not in shown
        assert "Because" not in shown


def vars_of(item: Any) -> dict[str, Any]:
    """What completion offers: public names alone."""
    return {
        name: getattr(item, name) for name in dir(item) if not name.startswith("_") and "label" not in name
    }
