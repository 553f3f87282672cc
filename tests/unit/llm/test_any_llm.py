"""Models of other providers through any-llm-sdk: real ones of its providers, pointed at scripted servers."""

import importlib.util
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from elluminate_server.llm.gates import Caller
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.providers import Models
from elluminate_server.llm.reach import Reach
from elluminate_server.llm.types import Model, ModelError, ObjectShape
from tests.support.model_server import ModelServer, completion, failure
from tests.support.raw_server import RawServer, answers

pytestmark = pytest.mark.anyio

installed = pytest.mark.skipif(
    importlib.util.find_spec("any_llm") is None, reason="comes with the extra providers (make test-providers)"
)

T = TypeVar("T")
KEY = "key-that-must-not-be-seen"
USER = [{"role": "user", "content": "Explain tides."}]
TOOL = {"type": "function", "function": {"name": "f", "description": "F.", "parameters": {"type": "object"}}}


def config_at(base_url: str | None, **changes: Any) -> ModelConfig:
    given: dict[str, Any] = {
        "config_name": "Through any",
        "model": "openai:gpt-test",
        "inference_type": "any_llm",
        "base_url": base_url,
        "api_key": KEY,
        "max_retries": 0,
    }
    return ModelConfig(**{**given, **changes})


async def ask(config: ModelConfig, call: Callable[[Model], Awaitable[T]], patience: float = 0.0) -> T:
    models = Models()
    try:
        return await call(models.model_for(config, Caller(patience=patience)))
    finally:
        await models.aclose()


@installed
async def test_a_model_answers_with_all_that_an_endpoint_tells(server: ModelServer) -> None:
    server.reply(completion("The moon.", model="gpt-2026"))
    config = config_at(
        server.base_url, temperature=0.5, max_tokens=9, input_price_per_mtok=1.0, output_price_per_mtok=1.0
    )
    answer = await ask(config, lambda model: model.answer(USER))
    assert answer.messages[0]["content"] == "The moon."
    assert (answer.input_tokens, answer.output_tokens, answer.cached_tokens) == (11, 7, 2)
    assert (answer.finish_reason, answer.answered_by_model) == ("stop", "gpt-2026")
    assert answer.estimated_cost_usd == pytest.approx(18e-6)
    (request,) = server.requests
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert (request.json["model"], request.json["messages"]) == ("gpt-test", USER)
    assert (request.json["temperature"], request.json["max_completion_tokens"]) == (0.5, 9)


@installed
async def test_tools_and_forms_are_passed_on(server: ModelServer) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    server.reply(completion(None, tool_calls=[call], finish_reason="tool_calls"), completion('{"x": 1}'))
    shape = ObjectShape("point", {"x": {"type": "number"}})

    async def both(model: Model) -> list[Any]:
        first = await model.answer(USER, tools=[TOOL], tool_choice="required")
        second = await model.answer(USER, preferred_shape=shape)
        return [first.messages[0]["tool_calls"], second.messages[0]["content"]]

    calls, content = await ask(config_at(server.base_url), both)
    assert (calls[0]["function"]["name"], content) == ("f", '{"x": 1}')
    assert (server.requests[0].json["tools"], server.requests[0].json["tool_choice"]) == ([TOOL], "required")
    assert server.requests[1].json["response_format"] == shape.response_format()


@installed
async def test_another_protocol_is_spoken_by_the_package() -> None:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-2026",
        "content": [{"type": "text", "text": "The moon."}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 5, "output_tokens": 3},
    }
    with RawServer(answers(json.dumps(message).encode(), content_type="application/json")) as server:
        config = config_at(server.base_url.removesuffix("/v1"), model="anthropic:claude-1", max_tokens=50)
        answer = await ask(config, lambda model: model.answer(USER))
    assert (answer.messages[0]["content"], answer.input_tokens, answer.output_tokens) == ("The moon.", 5, 3)
    assert server.requests[0].startswith(b"POST /v1/messages")


@installed
@pytest.mark.parametrize(
    ("status", "code", "retryable", "is_hopeless"),
    [
        (400, None, False, False),
        (401, "invalid_api_key", False, True),
        (404, "model_not_found", False, True),
        (429, "insufficient_quota", False, True),
        (429, "rate_limit_exceeded", True, False),
        (500, None, True, False),
        (503, None, True, False),
    ],
)
async def test_an_error_is_of_the_same_kind_as_of_any_endpoint_and_asked_once(
    server: ModelServer, status: int, code: str | None, retryable: bool, is_hopeless: bool
) -> None:
    server.reply(failure(status, f"No: {KEY}.", code=code))
    with pytest.raises(ModelError, match=f"any-llm:openai .* answered {status}: .*No: .key.") as caught:
        await ask(config_at(server.base_url), lambda model: model.answer(USER))
    assert (caught.value.retryable, caught.value.is_hopeless, caught.value.status) == (
        retryable,
        is_hopeless,
        status,
    )
    assert KEY not in str(caught.value)
    assert len(server.requests) == 1


@installed
async def test_an_attempt_has_its_time_and_is_made_again(server: ModelServer) -> None:
    server.fail(1, status=500)
    answer = await ask(config_at(server.base_url, max_retries=1), lambda model: model.answer(USER))
    assert (answer.finish_reason, len(server.requests)) == ("stop", 2)
    with server.held(), pytest.raises(ModelError, match=r"did not answer within 0\.2 s"):
        await ask(config_at(server.base_url, timeout=0.2), lambda model: model.answer(USER))


@installed
async def test_an_endpoint_that_is_away_is_told_so() -> None:
    with RawServer(answers(b"")) as server:
        base_url = server.base_url
    with pytest.raises(ModelError, match="could not be asked") as caught:
        await ask(config_at(base_url), lambda model: model.answer(USER))
    assert caught.value.retryable


@installed
async def test_an_unknown_provider_ends_a_run_with_its_name() -> None:
    with pytest.raises(ModelError, match="'pigeon' cannot be used through any-llm-sdk") as caught:
        await ask(config_at(None, model="pigeon:post"), lambda model: model.answer(USER))
    assert caught.value.is_hopeless


@installed
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"model": "gpt-test"},
            "must say provider and model, like 'mistral:mistral-small-latest', not 'gpt-test'",
        ),
        ({"model": ":m"}, "must say provider and model"),
        ({"model": "mistral:"}, "must say provider and model"),
        ({"api_key": ""}, "has no api_key. The provider's package would take one"),
        ({"base_url": "ftp://x"}, "starts with http"),
    ],
)
def test_a_config_that_cannot_be_used_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ModelError, match=told):
        Models().model_for(config_at(**{"base_url": None, **changes}))


def test_a_server_that_asks_public_addresses_alone_does_not_ask_in_this_way() -> None:
    with pytest.raises(ModelError, match="ELLUMINATE_ALLOW_PRIVATE_ENDPOINTS=true"):
        Models(reach=Reach(allows_private=False)).model_for(config_at(None))
    with pytest.raises(ModelError, match=r"169\.254\.169\.254"):
        Models().model_for(config_at("http://169.254.169.254/latest"))


def test_without_the_extra_the_config_is_refused_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"pip install 'elluminate-open\[providers\]'"):
        Models().model_for(config_at(None))
