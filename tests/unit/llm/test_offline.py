"""The built-in offline model does what docs/offline-model.md says."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elluminate_server.domain.rendering import message_placeholders
from elluminate_server.llm import roles
from elluminate_server.llm.offline import OfflineModel
from elluminate_server.llm.offline_judge import verdict
from elluminate_server.llm.types import Answer, JudgeCase, ModelError

pytestmark = pytest.mark.anyio

SCHEME = "Explain how {{concept}} works in Scheme, providing a short but illustrative code example."


def user(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


async def answer(text: str, **given_: Any) -> Answer:
    return await OfflineModel().answer(user(text), **given_)


def judged(
    criterion: str, response: str, request: str = "Explain tides and moons.", **row: Any
) -> tuple[str, str]:
    return verdict(
        JudgeCase(
            criterion=criterion,
            prompt_messages=user(request),
            response_messages=[{"role": "assistant", "content": response}],
            row_values=row,
        )
    )


async def test_an_answer_takes_up_the_first_sixty_percent_of_the_requests_content_words() -> None:
    result = await answer(SCHEME.replace("{{concept}}", "recursion"))
    assert result.messages[0]["content"] == (
        "Offline answer about recursion, works, Scheme, short and illustrative: "
        "words of the request, nothing more."
    )
    assert (result.input_tokens, result.output_tokens) == (13, 15)
    assert (result.reasoning_tokens, result.cached_tokens, result.duration_seconds) == (0, 0, 0.0)


async def test_the_last_user_message_is_the_request() -> None:
    messages = [*user("Explain glaciers."), {"role": "assistant", "content": "Ice."}, *user("And tides?")]
    result = await OfflineModel().answer([*messages, {"role": "system", "content": "Be brief."}])
    assert "tides" in result.messages[0]["content"]
    assert "glaciers" not in result.messages[0]["content"]


async def test_a_request_without_words_has_an_answer_too() -> None:
    assert (await answer("?!")).messages[0][
        "content"
    ] == "Offline answer: the request has no words to take up."


@given(st.text())
async def test_every_request_has_the_same_answer_every_time(text: str) -> None:
    assert await answer(text) == await answer(text)
    assert (await answer(text)).messages[0]["content"]


def test_the_model_is_named_offline_whatever_was_asked() -> None:
    public = OfflineModel().config.public
    assert (public["name"], public["llm_model_name"]) == ("offline", "offline")


SCHEMA = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "minLength": 3},
        "kind": {"enum": ["a", "b"]},
        "score": {"type": "integer", "minimum": 1, "maximum": 5},
        "done": {"type": "boolean"},
        "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}, "minItems": 2},
        "note": {"anyOf": [{"type": "null"}, {"type": "string"}]},
    },
    "required": ["title", "kind", "score", "done", "steps", "note"],
    "$defs": {"step": {"type": "object", "properties": {"n": {"type": "number", "exclusiveMinimum": 2}}}},
}


async def test_a_json_schema_is_answered_with_an_instance() -> None:
    response_format = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    content = (await answer("Explain tides.", response_format=response_format)).messages[0]["content"]
    assert json.loads(content) == {
        "title": "tides",
        "kind": "a",
        "score": 1,
        "done": False,
        "steps": [{"n": 3}, {"n": 3}],
        "note": None,
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"type": "string", "pattern": "^a+$"},
        {"type": "array", "minItems": 100_000},
        {"type": "thing"},
        {"$ref": "#/$defs/none"},
    ],
)
async def test_a_schema_that_cannot_be_written_is_an_error_and_no_wrong_answer(
    schema: dict[str, Any],
) -> None:
    with pytest.raises(ModelError):
        await answer("x", response_format={"type": "json_schema", "json_schema": {"schema": schema}})


async def test_a_required_tool_is_called() -> None:
    tool = {
        "type": "function",
        "function": {"name": "f", "parameters": {"properties": {"q": {"type": "string"}}}},
    }
    message = (await answer("Find tides.", tools=[tool], tool_choice="required")).messages[0]
    assert message["content"] is None
    assert message["tool_calls"][0]["function"]["name"] == "f"
    assert "tides" in json.loads(message["tool_calls"][0]["function"]["arguments"])["q"]


@pytest.mark.parametrize(
    ("criterion", "response", "rating", "rule"),
    [
        ("Is it short?", "", "NO", "empty"),
        ("Is it empty?", " \n", "NO", "empty"),
        ("Does it explain {{topic}}?", "Tides.", "NO", "unfilled placeholder"),
        ("Does it have at most 3 words?", "one two three", "YES", "stated length"),
        ("Does it have fewer than 3 words?", "one two three", "NO", "stated length"),
        ("Does it have exactly 2 sentences?", "One. Two.", "YES", "stated length"),
        ("Does it have at least 9 characters?", "12345678", "NO", "stated length"),
        ('Does it say "high tide"?', "At HIGH TIDE.", "YES", "quoted text"),
        ('Does it avoid "high tide"?', "At HIGH TIDE.", "NO", "quoted text"),
        ("Is it valid JSON?", '{"a": 1}', "YES", "JSON"),
        ("Is it valid JSON?", "a: 1", "NO", "JSON"),
        ("Does it contain code?", "```\n(f)\n```", "YES", "code"),
        ("Does it contain code?", "no block", "NO", "code"),
        ("Is it a list?", "- a\n- b", "YES", "list"),
        ("Is it a list?", "- a", "NO", "list"),
        ("Is it short?", "word " * 60, "YES", "short"),
        ("Is it short?", "word " * 61, "NO", "short"),
        ("Is it detailed?", "word " * 60, "YES", "long"),
        ("Is it not too long?", "word " * 10, "YES", "long"),
        ("Is it friendly?", "Thank you!", "YES", "tone"),
        ("Is it friendly?", "Go away.", "NO", "tone"),
        ("Is it easy to understand?", "Short. Sentences.", "YES", "clarity"),
        ("Is it easy to understand?", "word " * 30, "NO", "clarity"),
        ("Is it correct?", "Sand.", "NO", "row values"),
        ("Is it helpful?", "Tides and the moon.", "YES", "request"),
        ("Is it helpful?", "Tides.", "NO", "request"),
        ("Is it?", "Tides.", "NO", "request"),
        ("Does it mention gravity?", "Gravity pulls.", "YES", "topic"),
        ("Does it mention gravity?", "The moon.", "NO", "topic"),
        ("Does it not mention gravity?", "The moon.", "YES", "topic"),
        ("Does it mention gravity and friction?", "Gravity pulls.", "YES", "topic"),
    ],
)
def test_the_first_rule_that_fits_decides_and_is_named(
    criterion: str, response: str, rating: str, rule: str
) -> None:
    found, reasoning = judged(criterion, response)
    assert (found, reasoning.split("'")[1]) == (rating, rule)


def test_correctness_looks_at_the_rows_values() -> None:
    assert judged("Is it correct?", "Paris.", capital="Paris")[0] == "YES"
    assert judged("Is it correct?", "Rome.", capital="Paris")[0] == "NO"


@given(st.text(), st.sampled_from(["", " ", "\n\t"]))
def test_an_empty_answer_never_passes(criterion: str, response: str) -> None:
    assert judged(criterion, response)[0] == "NO"


@given(st.text(), st.text())
def test_every_criterion_has_a_verdict_with_a_reason(criterion: str, response: str) -> None:
    rating, reasoning = judged(criterion, response)
    assert rating in ("YES", "NO")
    assert reasoning.startswith("Rule '")


async def test_a_typical_run_has_both_verdicts() -> None:
    model = OfflineModel()
    criteria = await model.propose_criteria(user(SCHEME))
    prompt = user(SCHEME.replace("{{concept}}", "recursion"))
    response = await model.answer(prompt)
    verdicts = {
        (
            await model.judge(
                JudgeCase(
                    criterion=criterion.replace("{{concept}}", "recursion"),
                    prompt_messages=prompt,
                    response_messages=response.messages,
                    row_values={"concept": "recursion"},
                ),
                "detailed",
            )
        ).rating
        for criterion in criteria
    }
    assert verdicts == {"YES", "NO"}


@given(st.text())
async def test_three_to_five_different_criteria_are_proposed_that_use_the_templates_placeholders_only(
    text: str,
) -> None:
    criteria = await OfflineModel().propose_criteria(user(text + " {{a}} {{b}} {{c}}"))
    assert 3 <= len(set(criteria)) == len(criteria) <= 5
    assert set(message_placeholders([{"content": text} for text in criteria])) <= {
        *message_placeholders(user(text)),
        "a",
        "b",
    }


async def test_proposed_rows_differ_from_each_other_and_from_existing_ones() -> None:
    model = OfflineModel()
    rows: list[dict[str, str]] = []
    for _ in range(30):
        rows.append(await model.propose_row([], ["a", "b"], rows))
    assert len({tuple(row.items()) for row in rows}) == 30
    assert all(list(row) == ["a", "b"] for row in rows)


async def test_a_row_for_no_placeholders_is_refused() -> None:
    with pytest.raises(ModelError, match="no placeholders"):
        await roles.propose_row(OfflineModel(), [], [], [])
