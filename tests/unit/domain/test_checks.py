"""Rules that decide criteria: what each says of an answer, what none of them decides, and what is refused."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from elluminate_server.domain.checks.facts import AnswerFacts, RuleError, answer_text
from elluminate_server.domain.checks.json_schemas import SchemaProblemError, schema_of
from elluminate_server.domain.checks.judging import judged_by_rule
from elluminate_server.domain.checks.numbers import number_in, read_number
from elluminate_server.domain.checks.rules import checked_rule, rule_placeholders

ROW = {
    "answer": "Paris",
    "empty": "",
    "few": "3",
    "total": "1,234.5",
    "schema": '{"type": "integer"}',
    "dots": "a.c",
}


def said(
    text: str | None, _type: str, *, seconds: float | None = None, cost: float | None = None, **rule: Any
) -> Any:
    checked = checked_rule({"type": _type, **rule})
    return judged_by_rule(checked, AnswerFacts(text=text, seconds=seconds, cost_usd=cost), ROW)


@pytest.mark.parametrize(
    ("text", "kind", "rule", "is_met"),
    [
        (" Paris\n", "equals", {"value": "{{answer}}"}, True),
        (" Paris", "equals", {"value": "Paris", "strip": False}, False),
        ("PARIS", "equals", {"value": "{{ answer }}"}, False),
        ("STRASSE", "equals", {"value": "straße", "ignore_case": True}, True),
        ("", "equals", {"value": "{{empty}}"}, True),
        ("Paris", "equals", {"value": "Paris", "negate": True}, False),
        ("red and green", "contains", {"values": ["red", "green"]}, True),
        ("red", "contains", {"values": ["red", "green"]}, False),
        ("red", "contains", {"values": ["red", "green"], "any_of": True}, True),
        ("blue", "contains", {"values": ["red", "green"], "any_of": True, "negate": True}, True),
        ("It is PARIS.", "contains", {"values": ["{{answer}}"], "ignore_case": True}, True),
        ("Paris, France", "starts_with", {"value": "{{answer}}"}, True),
        ("In Paris", "starts_with", {"value": "{{answer}}"}, False),
        ("on 2026-01-02.", "regex", {"value": r"\d{4}-\d\d-\d\d"}, True),
        ("on 2026-01-02.", "regex", {"value": r"\d{4}-\d\d-\d\d", "full_match": True}, False),
        ("abc", "regex", {"value": "^{{dots}}$"}, False),
        ("a.c", "regex", {"value": "^{{dots}}$"}, True),
        ("ABC", "regex", {"value": "b", "ignore_case": True}, True),
        ("lone \ud800 half", "regex", {"value": "half$"}, True),
        ('{"a": [1]}', "is_json", {}, True),
        ("```json\n{}\n```", "is_json", {}, False),
        ("NaN", "is_json", {}, False),
        ("4", "json_schema", {"value": "{{schema}}"}, True),
        ("4.5", "json_schema", {"json_schema": {"type": "integer"}}, False),
        ("no", "json_schema", {"json_schema": {"type": "integer"}, "negate": True}, True),
        ("one two three", "max_words", {"value": "{{few}}"}, True),
        ("one two three four", "max_words", {"value": "{{few}}"}, False),
        ("one two", "min_words", {"value": "3"}, False),
        ("äöü", "max_characters", {"value": "3"}, True),
        ("It is 1234.51.", "number", {"value": "{{total}}"}, False),
        ("It is 1234.51.", "number", {"value": "{{total}}", "tolerance": 0.01}, True),
        ("about 1,000", "number", {"value": "1200", "relative_tolerance": 0.2}, True),
        ("12 % of 50", "number", {"value": "12 %", "which": "first"}, True),
        ("it is 12", "number", {"value": "12", "which": "only"}, False),
        (" -12 % ", "number", {"value": "-12", "which": "only"}, True),
        ("none at all", "number", {"value": "12"}, False),
    ],
)
def test_a_rule_says_yes_or_no(text: str, kind: str, rule: dict[str, Any], is_met: bool) -> None:
    judgement = said(text, kind, **rule)

    assert judgement.is_met is is_met, judgement
    assert judgement.reason.startswith("The ")
    assert judgement.reason.endswith(".")


def test_what_an_answer_took_is_compared_where_it_is_known() -> None:
    assert said(None, "max_seconds", value="2.5", seconds=2.5).is_met is True
    assert said(None, "max_seconds", value="2.5", seconds=2.6).is_met is False
    assert said(None, "max_cost", value="0.01", cost=0.02).reason == (
        "The answer cost 0.02 US dollars, and 0.01 are the most."
    )


@pytest.mark.parametrize(
    ("text", "kind", "rule", "reason"),
    [
        (None, "max_seconds", {"value": "1"}, "It is not known how long"),
        (None, "max_cost", {"value": "1"}, "It is not known what the answer cost"),
        (None, "equals", {"value": "Paris"}, "The answer has no text"),
        ("Paris", "contains", {"values": ["{{empty}}"]}, "The row has no text for {{empty}}"),
        ("Paris", "max_words", {"value": "{{answer}}"}, '"Paris" is no number'),
        ("Paris", "equals", {"value": "{{gone}}"}, "No value for {{gone}}"),
        ("It is 1.234,5", "number", {"value": "1"}, "can be read in more than one way"),
        ("4", "json_schema", {"value": "{{answer}}"}, "The schema cannot be used: it is no JSON"),
    ],
)
@pytest.mark.parametrize("negate", [False, True])
def test_where_a_rule_cannot_tell_there_is_no_verdict(
    text: str | None, kind: str, rule: dict[str, Any], reason: str, negate: bool
) -> None:
    judgement = said(text, kind, **rule, negate=negate)

    assert judgement.is_met is None
    assert reason in judgement.reason


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1,234.5", "1234.5"),
        ("1,23", None),
        ("1.2.3", None),
        ("\u22123", "-3"),
        (".5", "0.5"),
        ("1.2e3", "1200"),
        ("1e99999", None),
        ("½", None),
        ("9" * 2000, None),
    ],
)
def test_numbers_are_read_strictly(written: str, number: str | None) -> None:
    assert read_number(written) == (None if number is None else Decimal(number))


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("Between 3-4.", "4"),
        ("GPT4 says 7, or so.", "7"),
        ("It costs $1,200.", "1200"),
        ("x = -5", "-5"),
        ("5km", "5"),
        ("minus .25", "0.25"),
    ],
)
def test_a_number_is_found_in_a_text(text: str, last: str) -> None:
    assert number_in(text, "last") == Decimal(last)


# What explodes elsewhere


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){20}b", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_a_pattern_that_explodes_in_a_backtracking_engine_is_matched_in_one_pass(pattern: str) -> None:
    # A backtracking engine would take longer than the universe has been there: that this ends is the test.
    assert said("a" * 50_000 + "!", "regex", value=pattern).is_met is False
    assert (
        said(json.dumps("a" * 50_000 + "!"), "json_schema", json_schema={"pattern": pattern}).is_met is False
    )
    row = {"type": "object", "patternProperties": {pattern: False}, "additionalProperties": False}
    assert said(json.dumps({"a" * 5000 + "!": 1}), "json_schema", json_schema=row).is_met is False


def test_a_pattern_that_is_large_is_bounded_with_its_text() -> None:
    with pytest.raises(RuleError, match="too large"):
        checked_rule({"type": "regex", "value": "".join("(x{0,900})?" for _ in range(40)) + "y"})
    large = "(x{0,900})?" * 9 + "y"
    assert said("x" * 100, "regex", value=large).is_met is False
    assert "too many for 50000 characters" in said("x" * 50_000, "regex", value=large).reason
    many = json.dumps(["x" * 1000] * 100)
    assert said(many, "json_schema", json_schema={"items": {"not": {"pattern": large}}}).is_met is None


def test_a_schema_that_multiplies_its_work_is_given_up() -> None:
    twice = {"anyOf": [{"$ref": "#"}, {"allOf": [{"$ref": "#"}, {"type": "null"}]}]}
    answer: Any = [1]
    for _ in range(60):
        answer = [answer]

    judgement = said(
        json.dumps(answer), "json_schema", json_schema={"type": ["object", "array"], "items": twice}
    )

    assert judgement.is_met is None
    assert "steps, and was given up" in judgement.reason


def test_json_that_is_nested_too_deep_is_told_so() -> None:
    assert "nested deeper than 100 levels" in said("[" * 100_000, "is_json").reason
    assert (
        "nested deeper than 100 levels" in said("[" * 200 + "]" * 200, "json_schema", json_schema={}).reason
    )


def test_unique_items_are_counted_and_not_compared_in_pairs() -> None:
    items = json.dumps([[number] for number in range(50_000)])
    assert said(items, "json_schema", json_schema={"uniqueItems": True}).is_met is True
    assert said("[1, 1.0]", "json_schema", json_schema={"uniqueItems": True}).is_met is False


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"$ref": "http://127.0.0.1:1/schema"}, "$.$ref: http://127.0.0.1:1/schema is outside the schema"),
        ({"$ref": "file:///etc/passwd"}, "nothing is fetched"),
        ({"$ref": "#/$defs/gone"}, "$.$ref: there is nothing at #/$defs/gone"),
        ({"$ref": "#"}, "refers to itself without end"),
        ({"properties": {"a": {"type": "strin"}}}, "$.properties.a.type"),
        ({"properties": {"a": {"pattern": "(a"}}}, "$.properties.a.pattern: the pattern (a cannot be used"),
        ({"unevaluatedProperties": False}, "write additionalProperties in its place"),
        ({"$schema": "https://example.com/mine"}, "$.$schema"),
        ({"description": "x" * 60_000}, "50000 are the most"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_with_its_place(schema: Any, problem: str) -> None:
    with pytest.raises(SchemaProblemError) as refused:
        schema_of(json.dumps(schema))
    assert problem in str(refused.value)


def test_schemas_of_older_drafts_and_names_like_keywords_are_taken() -> None:
    older = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "properties": {"pattern": {"type": "string"}},
    }
    assert said('{"pattern": "(("}', "json_schema", json_schema=older).is_met is True
    tree = {"$defs": {"leaf": {"type": "integer"}}, "items": {"$ref": "#/$defs/leaf"}}
    assert said('[1, "x"]', "json_schema", json_schema=tree).reason == (
        'The answer does not fit the schema: $[1]: "x" is not of type "integer".'
    )


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"type": "equals"}, "value"),
        ({"type": "equals", "value": "a", "tolerance": 1.0}, "tolerance"),
        ({"type": "is_json", "value": "a"}, "value"),
        ({"type": "starts_with", "value": ""}, "value"),
        ({"type": "regex", "value": "(?=a)b"}, "value"),
        ({"type": "regex", "value": "a{{x}}("}, "value"),
        ({"type": "max_words", "value": "many"}, "value"),
        ({"type": "max_words", "value": "-1"}, "value"),
        ({"type": "number", "value": "1.234,5"}, "value"),
        ({"type": "json_schema"}, "json_schema"),
        ({"type": "json_schema", "json_schema": {}, "value": "{}"}, "json_schema"),
        ({"type": "python", "name": "f", "negate": True}, "negate"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_by_its_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(RuleError) as refused:
        checked_rule(given)
    assert refused.value.field == field


def test_a_wrong_pattern_is_told_where_it_is_wrong() -> None:
    with pytest.raises(
        RuleError, match=r"invalid perl operator at character 5 \(\(\?=\); RE2 has no look-around"
    ):
        checked_rule({"type": "regex", "value": "abc (?=d)"})


def test_what_says_nothing_is_not_stored() -> None:
    given = {"type": "equals", "value": "{{a}} {{b}}", "strip": True, "negate": False, "any_of": False}
    assert checked_rule(given) == {"type": "equals", "value": "{{a}} {{b}}"}
    assert rule_placeholders(checked_rule(given)) == ["a", "b"]


def test_the_text_of_an_answer_is_that_of_its_last_assistant_message() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]
    assert (
        answer_text([{"role": "assistant", "content": "x"}, {"role": "assistant", "content": parts}])
        == "a\nb"
    )
    assert answer_text([{"role": "assistant", "content": None, "refusal": "No."}]) == "No."
    assert answer_text([{"role": "assistant", "content": None, "tool_calls": [{}]}]) is None
    assert answer_text([{"role": "assistant", "content": ""}]) == ""
    assert answer_text([]) is None
