"""Forms of answers and budgets of thinking with Claude models, of which each knows another part."""

from typing import Any

import pytest

from elluminate_server.llm import roles
from elluminate_server.llm.providers import Models
from elluminate_server.llm.types import JudgeCase, ModelError
from tests.support.raw_server import RawServer
from tests.unit.llm.anthropic_calls import (
    POINT,
    SAID,
    SCHEMA,
    USER,
    ask,
    body_of,
    message,
    model_at,
    refusal,
    text,
)

pytestmark = pytest.mark.anyio


# Forms


def form_tool() -> dict[str, Any]:
    return {
        "tools": [{"name": "point", "description": "Gives the answer its form.", "input_schema": SCHEMA}],
        "tool_choice": {"type": "tool", "name": "point"},
    }


async def test_a_model_without_forms_gives_them_through_a_tool_and_is_remembered() -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "point", "input": {"x": 1}}
    act = message(use, stop_reason="tool_use")
    with RawServer(refusal("output_config: Extra inputs are not permitted"), act) as server:
        models = Models()
        model = model_at(models, server)
        first = await model.answer(USER, preferred_shape=POINT)
        second = await model.answer(USER, response_format=POINT.response_format())
        await models.aclose()
    for answer in (first, second):
        assert (answer.messages[0]["content"], answer.messages[0]["tool_calls"]) == ('{"x": 1}', None)
        assert answer.finish_reason == "stop"
    with_tool = {"model": "claude-1", "max_tokens": 4096, "messages": [SAID], **form_tool()}
    assert [body_of(request) for request in server.requests][1:] == [with_tool, with_tool]


async def test_a_wish_ends_without_a_form_and_a_form_with_an_error() -> None:
    with RawServer(refusal("no")) as server, pytest.raises(ModelError, match="answered 400: no"):
        await ask(server, response_format=POINT.response_format())
    assert len(server.requests) == 2
    with RawServer(refusal("no"), refusal("no"), message(text("{}"))) as server:
        assert (await ask(server, preferred_shape=POINT)).messages[0]["content"] == "{}"
    assert body_of(server.requests[2]) == {"model": "claude-1", "max_tokens": 4096, "messages": [SAID]}


async def test_any_object_is_asked_for_through_a_tool() -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "answer", "input": {"x": 1}}
    with RawServer(message(use, stop_reason="tool_use")) as server:
        answer = await ask(server, response_format={"type": "json_object"})
    assert answer.messages[0]["content"] == '{"x": 1}'
    assert body_of(server.requests[0])["tools"][0]["input_schema"] == {"type": "object"}


async def test_a_form_that_cannot_be_asked_for_is_refused_before_anything_is_sent() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    with (
        RawServer(message()) as server,
        pytest.raises(ModelError, match=r"'json_object'.*Give a JSON schema"),
    ):
        await ask(server, tools=tools, response_format={"type": "json_object"})
    assert server.requests == []


async def test_a_model_judges() -> None:
    case = JudgeCase(criterion="Is it short?", prompt_messages=USER, response_messages=[])
    with RawServer(message(text('{"reasoning": "Fine.", "rating": "NO"}'))) as server:
        models = Models()
        verdict = await roles.judge(model_at(models, server), case, "fast")
        await models.aclose()
    assert (verdict.rating, verdict.reasoning, verdict.input_tokens) == ("NO", "Fine.", 11)
    assert body_of(server.requests[0])["system"].startswith("You are a strict, impartial judge")


# Thinking


@pytest.mark.parametrize(
    ("config", "most", "budget"),
    [
        ({"reasoning_effort": "minimal"}, 5120, 1024),
        ({"reasoning_effort": "high"}, 20480, 16384),
        ({"reasoning_effort": "high", "max_tokens": 4000}, 4000, 2000),
        ({"reasoning_effort": "high", "max_tokens": 1500}, 1500, 1024),
    ],
)
async def test_a_model_that_knows_no_effort_gets_a_budget_and_is_remembered(
    config: dict[str, Any], most: int, budget: int
) -> None:
    with RawServer(refusal("adaptive thinking is not supported"), message(text("The moon."))) as server:
        models = Models()
        model = model_at(models, server, **config)
        for _ in range(2):
            await model.answer(USER)
        await models.aclose()
    asked = [body_of(request) for request in server.requests]
    assert len(asked) == 3
    for body in asked[1:]:
        assert (body["max_tokens"], body["thinking"]) == (most, {"type": "enabled", "budget_tokens": budget})
        assert "output_config" not in body


async def test_too_few_tokens_to_think_are_refused_with_the_way_out() -> None:
    config = {"reasoning_effort": "low", "max_tokens": 1024}
    with (
        RawServer(refusal("thinking: no")) as server,
        pytest.raises(ModelError, match=r"max_tokens 1024.*Raise it"),
    ):
        await ask(server, config)


async def test_another_refusal_is_not_taken_for_one_of_thinking() -> None:
    with RawServer(refusal("messages: too long")) as server, pytest.raises(ModelError, match="too long"):
        await ask(server, {"reasoning_effort": "low"})
    assert len(server.requests) == 1
