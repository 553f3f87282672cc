"""One small call with an LLM config says whether its model answers, or what is wrong, and never the key."""

import json
import math
import socket
from typing import Any

import attrs
import pytest
from elluminate_api.models import LLMConfigProblem, LLMConfigTest

from elluminate_server.llm import trying
from elluminate_server.llm.gates import clock
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.providers import Models
from elluminate_server.llm.trying import try_config
from tests.support.model_server import ModelServer, completion, failure
from tests.support.raw_server import Act, RawServer, answers, resets, stalls
from tests.unit.llm.openai_calls import KEY, config

pytestmark = pytest.mark.anyio

Problem = LLMConfigProblem
OK = "Reply with the one word: OK"


async def attempt(llm_config: ModelConfig, prompt: str = OK) -> LLMConfigTest:
    models = Models()
    try:
        tested = await try_config(models, llm_config, prompt)
    finally:
        await models.aclose()
    assert KEY not in repr(tested)
    return tested


def raw_config(server: RawServer, **changes: Any) -> ModelConfig:
    given: dict[str, Any] = {
        "config_name": "c",
        "model": "gpt-test",
        "base_url": server.base_url,
        "api_key": KEY,
    }
    return ModelConfig(**given | changes)


async def test_a_model_that_answers_is_told_with_what_it_took(server: ModelServer) -> None:
    server.reply(completion("OK", model="gpt-test-2026"))
    tested = await attempt(config(server, input_price_per_mtok=1.0, output_price_per_mtok=2.0))
    assert (tested.ok, tested.reply, tested.problem, tested.reason) == (True, "OK", None, None)
    told = tested.generation_metadata
    assert told is not None
    assert told.duration_seconds is not None
    assert told.duration_seconds > 0
    assert (told.answered_by_model, told.input_tokens, told.output_tokens) == ("gpt-test-2026", 11, 7)
    assert told.estimated_input_cost_usd == pytest.approx(11e-6)


@pytest.mark.parametrize(("limit", "sent"), [(None, 2048), (10, 10), (100_000, 2048)])
async def test_one_call_is_made_of_few_tokens(server: ModelServer, limit: int | None, sent: int) -> None:
    await attempt(config(server, max_tokens=limit, temperature=0.5), "Explain tides.")
    assert [request.json for request in server.requests] == [
        {
            "model": "gpt-test",
            "messages": [{"role": "user", "content": "Explain tides."}],
            "max_tokens": sent,
            "temperature": 0.5,
        }
    ]


async def test_a_custom_api_is_asked_as_its_template_says() -> None:
    api = {"body": {"q": "{{prompt}}"}, "response": {"text": "$.a"}}
    with RawServer(answers(b'{"a": "OK"}')) as server:
        tested = await attempt(raw_config(server, inference_type="custom_api", custom_api_config=api))
    assert (tested.ok, tested.reply) == (True, "OK")
    assert server.requests[0].endswith(json.dumps({"q": OK}, separators=(",", ":")).encode())


async def test_a_model_that_thinks_until_the_limit_of_this_call_works(server: ModelServer) -> None:
    server.reply(completion("", finish_reason="length", output_tokens=2048))
    tested = await attempt(config(server))
    assert (tested.ok, tested.reply) == (True, None)
    assert tested.generation_metadata is not None
    assert tested.generation_metadata.output_tokens == 2048


async def test_a_long_reply_is_cut(server: ModelServer) -> None:
    server.say("x" * 5000)
    assert len((await attempt(config(server))).reply or "") == trying.LONGEST_REPLY


@pytest.mark.parametrize(
    ("status", "message", "code", "problem"),
    [
        (401, f"Incorrect API key provided: {KEY}.", "invalid_api_key", Problem.KEY),
        (403, "This key may not use the model.", None, Problem.KEY),
        (429, "You exceeded your current quota.", "insufficient_quota", Problem.QUOTA),
        (400, "Your credit balance is too low.", None, Problem.QUOTA),
        (402, "Payment required.", None, Problem.QUOTA),
        (404, "The model `gpt-test` does not exist.", "model_not_found", Problem.MODEL_OR_ADDRESS),
        (400, "Unsupported parameter: 'max_tokens'.", None, Problem.REFUSED),
        (500, "Something broke.", None, Problem.ENDPOINT),
    ],
)
async def test_a_refusal_is_told_by_its_kind_and_in_words(
    server: ModelServer, status: int, message: str, code: str | None, problem: Problem
) -> None:
    # What a model may be told otherwise is asked again.
    server.reply(*[failure(status, message, code=code)] * 2)
    tested = await attempt(config(server))
    assert (tested.ok, tested.problem, tested.reply) == (False, problem, None)
    assert f"answered {status}: {message[:20]}" in (tested.reason or "")
    assert tested.generation_metadata is not None
    assert tested.generation_metadata.duration_seconds is not None


async def test_an_endpoint_that_asks_for_patience_is_busy(server: ModelServer) -> None:
    server.fail(1, status=429, message="Slow down.", retry_after=60)
    began = clock()
    tested = await attempt(config(server))
    assert (tested.problem, len(server.requests)) == (Problem.BUSY, 1)
    assert clock() - began < trying._PATIENCE + 1


@pytest.mark.parametrize(
    ("act", "problem", "told"),
    [
        pytest.param(stalls(), Problem.TIME_OUT, "did not answer within 0.2 s", id="silence"),
        pytest.param(answers(b"<html>"), Problem.ANSWER, "not a chat completion", id="another-page"),
        pytest.param(resets(), Problem.ENDPOINT, "http://127.0.0.1", id="a-reset"),
    ],
)
async def test_an_endpoint_that_does_not_answer_as_one_is_told(
    monkeypatch: pytest.MonkeyPatch, act: Act, problem: Problem, told: str
) -> None:
    monkeypatch.setattr(trying, "MOST_SECONDS", 0.2)
    monkeypatch.setattr(trying, "_PATIENCE", 0.0)
    with RawServer(act) as server:
        tested = await attempt(raw_config(server))
    assert (tested.ok, tested.problem) == (False, problem)
    assert told in (tested.reason or "")


async def test_where_nothing_listens_the_endpoint_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "_PATIENCE", 0.0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        tested = await attempt(ModelConfig(config_name="c", model="m", base_url=url, api_key=KEY))
    assert (tested.ok, tested.problem) == (False, Problem.UNREACHABLE)


async def test_an_endpoint_that_is_not_there_is_unreachable_each_time_with_the_reason() -> None:
    models = Models()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        gone = ModelConfig(config_name="c", model="m", base_url=url, api_key=KEY)
        tested = [await try_config(models, gone, OK) for _ in range(2)]
    await models.aclose()
    assert [one.problem for one in tested] == [Problem.UNREACHABLE] * 2
    for one in tested:
        assert f"{url} could not be reached: " in (one.reason or "")
    assert "is left alone for the moment" in (tested[1].reason or "")


async def test_an_endpoint_that_asked_for_patience_is_busy_each_time(server: ModelServer) -> None:
    server.fail(1, status=429, message="Slow down.", retry_after=60)
    models = Models()
    tested = [await try_config(models, config(server), OK) for _ in range(2)]
    await models.aclose()
    assert [one.problem for one in tested] == [Problem.BUSY] * 2
    assert len(server.requests) == 1


async def test_a_quota_that_is_used_up_after_an_outage_is_no_outage(server: ModelServer) -> None:
    answered = completion("OK")
    used_up = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "30s"}
    server.reply(
        failure(502, "Bad gateway."), attrs.evolve(answered, headers={**answered.headers, **used_up})
    )
    models = Models()
    endpoint_config = config(server)
    first = await try_config(models, endpoint_config, OK)
    (gate,) = models.gates().values()
    gate.pace.paused_until = -math.inf  # the pause after the outage is over
    tested = [first, *[await try_config(models, endpoint_config, OK) for _ in range(2)]]
    await models.aclose()
    assert [one.problem for one in tested] == [Problem.UNREACHABLE, None, Problem.BUSY]
    assert "Bad gateway" not in (tested[2].reason or "")


async def test_a_call_that_takes_too_long_in_all_is_ended(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "_ALL_IN_ALL", 0.05)
    with server.held():
        tested = await attempt(config(server))
    assert (tested.problem, tested.reason) == (
        Problem.TIME_OUT,
        "The model 'gpt-test' did not answer within 0.05 s.",
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"inference_type": "botario"}, "'botario', a protocol"),
        ({"inference_type": "anthropic", "logprobs": True}, "does not have"),
        ({"base_url": "http://u:p@llm.example"}, "holds no user name"),
        ({"inference_type": "custom_api"}, "custom_api_config is missing"),
    ],
)
async def test_a_config_that_cannot_be_used_is_told_before_anything_is_sent(
    server: ModelServer, changes: dict[str, Any], told: str
) -> None:
    tested = await attempt(config(server, **changes))
    assert (tested.ok, tested.problem, tested.generation_metadata) == (False, Problem.CONFIG, None)
    assert told in (tested.reason or "")
    assert server.requests == []


async def test_without_an_endpoint_the_offline_model_answers_and_says_so() -> None:
    tested = await attempt(ModelConfig(config_name="c", model="gpt-test"))
    assert tested.ok
    assert tested.generation_metadata is not None
    assert tested.generation_metadata.answered_by_model == "offline"
