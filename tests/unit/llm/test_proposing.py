"""What proposers of criteria and rows are asked, and what of their proposals is taken."""

import json

import pytest

from elluminate_server.llm.json_answers import UnreadableAnswerError
from elluminate_server.llm.proposing import (
    criteria_messages,
    parse_criteria,
    parse_row,
    row_messages,
    usable_criteria,
)

TEMPLATE = [{"role": "user", "content": "Explain {{topic}} to {{reader_age}}."}]
GOOD = ["Is it correct?", "Is it short?", "Is it in English?"]


def proposal(*criteria: object) -> str:
    return json.dumps({"criteria": criteria})


def test_criteria_are_trimmed_and_kept_once() -> None:
    answer = proposal(" Is it {{ topic }}? ", "Is it {{ topic }}?", "", *GOOD)
    assert parse_criteria(answer, TEMPLATE) == ["Is it {{ topic }}?", *GOOD]


def test_at_most_eight_criteria_are_kept() -> None:
    answer = proposal(*(f"Is it {number}?" for number in range(10)))
    assert len(parse_criteria(answer, TEMPLATE)) == 8


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("Is it correct?", id="Latin"),
        pytest.param("它正确吗？", id="Chinese"),
        pytest.param("هل هو صحيح؟", id="Arabic"),
        pytest.param("Είναι σωστό;", id="Greek, typed as a semicolon"),
        pytest.param("Είναι σωστό\u037e", id="Greek"),
        pytest.param("Ճի՞շտ է։", id="Armenian, inside a word"),
        pytest.param("Is it “tides”?", id="quotes inside"),
        pytest.param('Does it end with "Why?"', id="a quoted question at the end"),
        pytest.param('Does it begin with "Once upon a time..."?', id="quoted dots"),
        pytest.param("Does it name an array[index]?", id="brackets that are no placeholder's"),
        pytest.param("Does it explain {{ topic }} to [{{reader_age}}]?", id="a placeholder in brackets"),
    ],
)
def test_a_question_in_any_script_is_taken(question: str) -> None:
    assert parse_criteria(proposal(question, *GOOD), TEMPLATE)[0] == question


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param("none", "0 JSON objects", id="prose"),
        pytest.param('{"criteria": "Is it good?"}', "not a list", id="a text"),
        pytest.param(proposal(1), "not a list", id="a number"),
        pytest.param(proposal(), "empty", id="an empty list"),
        pytest.param(proposal("", " "), "empty", id="blanks"),
        pytest.param(proposal("Is {{tone}} right?", *GOOD), "'tone'", id="an unknown placeholder"),
        pytest.param(proposal(*GOOD) * 2, "2 JSON objects", id="two lists"),
        pytest.param(proposal(*GOOD[:2]), "2 criteria; 3 to 5 were asked for", id="too few"),
        pytest.param(proposal(GOOD[0], GOOD[0], GOOD[0]), "1 criteria", id="one, three times"),
        pytest.param(proposal("...", *GOOD), "was to be filled in", id="dots alone"),
        pytest.param(proposal("…", *GOOD), "was to be filled in", id="an ellipsis"),
        pytest.param(proposal("Does the response ...?", *GOOD), "was to be filled in", id="dots at the end"),
        pytest.param(proposal("... correct?", *GOOD), "was to be filled in", id="dots at the beginning"),
        pytest.param(proposal("The response is short.", *GOOD), "is no question", id="a statement"),
        pytest.param(proposal("Correctness", *GOOD), "is no question", id="a word"),
        pytest.param(proposal("Is it short; and good;", *GOOD), "is no question", id="a semicolon"),
        pytest.param(proposal("Does it explain [topic]?", *GOOD), r"\[topic\]", id="a name in brackets"),
        pytest.param(proposal("Does it explain {topic}?", *GOOD), r"\{topic\}", id="a name in one brace"),
        pytest.param(proposal("Does it explain <Topic>?", *GOOD), "<Topic>", id="a name in angles"),
        pytest.param(proposal("Fit for [reader age]?", *GOOD), "reader age", id="a name in words"),
        pytest.param(proposal(*GOOD)[:-1], "0 JSON objects", id="cut off"),
    ],
)
def test_unusable_criteria_are_refused(answer: str, why: str) -> None:
    with pytest.raises(UnreadableAnswerError, match=why):
        parse_criteria(answer, TEMPLATE)


def test_what_is_usable_is_taken_of_both_answers_and_the_later_one_comes_first() -> None:
    first = proposal(*GOOD[1:], "Is it {{tone}}?"), False
    second = proposal(GOOD[0], "Short?!", *GOOD[1:2]), False
    assert usable_criteria([second, first], TEMPLATE) == GOOD
    assert usable_criteria([("prose", False), (proposal(*GOOD, "..."), False)], TEMPLATE) == GOOD


def test_fewer_usable_criteria_than_were_asked_for_are_refused() -> None:
    answers = [(proposal(*GOOD[:2], "Is it {{tone}}?"), False), (proposal(GOOD[0]), False)]
    with pytest.raises(UnreadableAnswerError, match="2 of all its criteria can be used; 3 to 5"):
        usable_criteria(answers, TEMPLATE)


def test_proposers_are_told_the_placeholders() -> None:
    assert "{{topic}}, {{reader_age}}" in criteria_messages(TEMPLATE)[0]["content"]
    assert (
        '{"topic": "...", "reader": "..."}' in row_messages(TEMPLATE, ["topic", "reader"], [])[0]["content"]
    )


def test_a_row_keeps_the_placeholders_and_drops_the_rest() -> None:
    row = parse_row('{"reader": "kids", "topic": 7, "more": "x"}', ["topic", "reader"], [])
    assert list(row.items()) == [("topic", "7"), ("reader", "kids")]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param('{"topic": "a"}', "0 JSON", id="a value is missing"),
        pytest.param('{"topic": [], "reader": "b"}', "'topic'", id="a list"),
        pytest.param('{"topic": "a", "reader": "b"}', "exists", id="a row that is there"),
        pytest.param('{"topic": " ", "reader": "b"}', "'topic' is empty", id="blanks"),
        pytest.param('{"topic": "...", "reader": "b"}', "was to be filled in", id="dots"),
        pytest.param('{"topic": "a", "reader": "…"}', "was to be filled in", id="an ellipsis"),
        pytest.param('{"topic": "[topic]", "reader": "b"}', "was to be filled in", id="a name in brackets"),
        pytest.param('{"topic": "{{Reader}}", "reader": "b"}', "was to be filled in", id="another's name"),
        pytest.param('{"topic": "<reader>", "reader": "b"}', "was to be filled in", id="a name in angles"),
    ],
)
def test_unusable_rows_are_refused(answer: str, why: str) -> None:
    with pytest.raises(UnreadableAnswerError, match=why):
        parse_row(answer, ["topic", "reader"], [{"topic": "a", "reader": "b", "other": "c"}])
