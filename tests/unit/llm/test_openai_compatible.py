"""The models behind an OpenAI-compatible endpoint, against a scripted one."""

import asyncio
import logging
import socket
from typing import Any

import pytest

from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.providers import ModelDefaults, Models
from elluminate_server.llm.types import Model, ModelError
from tests.support.model_server import ModelServer, Reply, completion, failure
from tests.unit.llm.openai_calls import KEY, USER, ask, config, provider_within

pytestmark = pytest.mark.anyio


async def answer(llm_config: ModelConfig, *, patience: float = 30.0, **given: Any) -> Any:
    messages = given.pop("messages", USER)
    return await ask(llm_config, lambda model: model.answer(messages, **given), patience=patience)


async def test_an_answer_has_every_assistant_key_and_the_providers_counts(server: ModelServer) -> None:
    result = await answer(config(server))
    assert result.messages == [
        {
            "role": "assistant",
            "content": "An answer to: Explain tides.",
            "refusal": None,
            "annotations": None,
            "audio": None,
            "function_call": None,
            "tool_calls": None,
        }
    ]
    counts = (result.input_tokens, result.output_tokens, result.reasoning_tokens, result.cached_tokens)
    assert counts == (11, 7, 3, 2)
    assert result.duration_seconds > 0


async def test_only_what_is_set_is_sent(server: ModelServer) -> None:
    await answer(config(server))
    assert server.requests[0].json == {"model": "gpt-test", "messages": USER}


async def test_every_sampling_parameter_is_sent_by_its_name(server: ModelServer) -> None:
    await answer(
        config(
            server,
            temperature=0.0,
            top_p=0.5,
            max_tokens=9,
            top_k=4,
            best_of=2,
            logprobs=True,
            top_logprobs=3,
            verbosity="low",
        )
    )
    sent = server.requests[0].json
    del sent["model"], sent["messages"]
    assert sent == {
        "temperature": 0.0,
        "top_p": 0.5,
        "max_tokens": 9,
        "top_k": 4,
        "best_of": 2,
        "logprobs": True,
        "top_logprobs": 3,
        "verbosity": "low",
    }


async def test_a_reasoning_model_gets_its_own_token_limit(server: ModelServer) -> None:
    await answer(config(server, reasoning_effort="low", max_tokens=9))
    sent = server.requests[0].json
    assert (sent["reasoning_effort"], sent["max_completion_tokens"]) == ("low", 9)
    assert "max_tokens" not in sent


async def test_a_model_that_refuses_the_limits_older_name_gets_its_own_and_is_remembered(
    server: ModelServer,
) -> None:
    told = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
    server.reply(failure(400, told), completion("The moon."), completion("The sun."))

    async def twice(model: Model) -> None:
        for _ in range(2):
            await model.answer(USER)

    await ask(config(server, max_tokens=50), twice)
    sent = [request.json for request in server.requests]
    assert [one.get("max_tokens") for one in sent] == [50, None, None]
    assert [one.get("max_completion_tokens") for one in sent] == [None, 50, 50]


async def test_a_model_that_refuses_a_temperature_that_nobody_set_is_told_none_and_is_remembered(
    server: ModelServer,
) -> None:
    told = "Unsupported value: 'temperature' does not support 0 with this model."
    server.reply(failure(400, told), completion("The moon."), completion("The sun."))

    async def twice(model: Model) -> list[Any]:
        assert model.config.temperature == 0
        answers = [await model.answer(USER) for _ in range(2)]
        return [*answers, model.config.temperature]

    *_, temperature = await ask(config(server, preferred_temperature=0.0), twice)
    sent = [request.json.get("temperature") for request in server.requests]
    assert (sent, temperature) == ([0, None, None], None)


async def test_a_temperature_that_is_set_is_not_left_out(server: ModelServer) -> None:
    server.fail(1, status=400, message="'temperature' is not supported with this model.")
    with pytest.raises(ModelError, match="'temperature' is not supported"):
        await answer(config(server, temperature=0.0, preferred_temperature=0.0))
    assert [request.json["temperature"] for request in server.requests] == [0]


async def test_the_system_message_of_a_config_comes_first(server: ModelServer) -> None:
    await answer(config(server, system_message="Be brief."))
    assert server.requests[0].json["messages"] == [{"role": "system", "content": "Be brief."}, *USER]


async def test_tools_and_formats_are_sent_without_unset_keys_but_schemas_untouched(
    server: ModelServer,
) -> None:
    function = {"name": "f", "description": None, "parameters": {"default": None}, "strict": None}
    response_format = {"type": "json_object"}
    await answer(
        config(server),
        tools=[{"type": "function", "function": function}],
        tool_choice={"type": "function", "function": {"name": "f"}},
        response_format=response_format,
    )
    sent = server.requests[0].json
    assert sent["tools"] == [{"type": "function", "function": {"name": "f", "parameters": {"default": None}}}]
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "f"}}
    assert sent["response_format"] == response_format


async def test_unset_keys_of_stored_assistant_messages_are_not_sent(server: ModelServer) -> None:
    stored: dict[str, Any] = {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "tool_calls": [],
        "audio": None,
    }
    await answer(config(server), messages=[*USER, stored, *USER])
    assert server.requests[0].json["messages"][1] == {"role": "assistant", "content": None}


async def test_tool_calls_come_back(server: ModelServer) -> None:
    calls = [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    server.reply(completion(None, finish_reason="tool_calls", tool_calls=calls))
    result = await answer(config(server))
    assert result.messages[0]["content"] is None
    assert result.messages[0]["tool_calls"] == calls


async def test_azure_endpoints_get_their_path_version_and_key_header(server: ModelServer) -> None:
    root = server.base_url.removesuffix("/v1")
    await answer(config(server, base_url=root, api_version="2024-10-21"))
    request = server.requests[0]
    assert request.path == "/openai/deployments/gpt-test/chat/completions"
    assert request.query == "api-version=2024-10-21"
    assert request.headers["api-key"] == KEY
    assert "authorization" not in request.headers


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_passing_failures_are_tried_again(server: ModelServer, status: int) -> None:
    server.fail(2, status=status, retry_after=0.01)
    assert (await answer(config(server, max_retries=2))).messages[0]["content"]
    assert len(server.requests) == 3


@pytest.mark.parametrize("body", [f'{{"error": "no Bearer {KEY}"}}', f"<p>{'x' * 60}{KEY}</p>", f'["{KEY}"]'])
async def test_a_useless_answer_is_quoted_without_the_key_that_it_repeats(
    server: ModelServer, body: str
) -> None:
    server.reply(*[Reply(body.encode())] * 4)
    with pytest.raises(ModelError, match="It starts with") as caught:
        await answer(config(server, max_retries=0), patience=0)
    assert KEY[:12] not in str(caught.value)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"choices":' * 5_000], ids=["lists", "objects"])
async def test_an_answer_that_is_nested_too_deeply_is_none(server: ModelServer, body: bytes) -> None:
    server.reply(Reply(body))
    with pytest.raises(ModelError, match="recursion depth"):
        await answer(config(server, max_retries=0), patience=0)


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(400, False), (401, False), (403, False), (404, False), (429, True), (500, True)],
)
async def test_an_error_names_status_and_message_and_never_the_key(
    server: ModelServer, status: int, retryable: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server.fail(1, status=status, message=f"Incorrect API key provided: {KEY}.")
    with caplog.at_level(logging.DEBUG), pytest.raises(ModelError) as caught:
        await answer(config(server, max_retries=0), patience=0)
    text = str(caught.value)
    assert str(status) in text
    assert "Incorrect API key provided: [key]." in text
    assert caught.value.retryable is retryable
    assert caught.value.status == status
    assert KEY not in text + repr(caught.value) + caplog.text
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


async def test_what_stands_for_a_key_is_not_cut_out_of_words(server: ModelServer) -> None:
    server.fail(1, status=400, message="Unknown, nonetheless: none.")
    asked = config(server, max_retries=0, api_key="none")
    with pytest.raises(ModelError, match=r"Unknown, nonetheless: none\."):
        await answer(asked)


def test_the_key_is_in_no_repr(server: ModelServer) -> None:
    llm_config = config(server)
    defaults = ModelDefaults(
        base_url=server.base_url, model="m", api_key=KEY, judge_base_url="http://j", judge_api_key=KEY
    )
    models = Models(defaults)
    model = models.model_for(llm_config)
    shown = (llm_config, defaults, models, model, vars(provider_within(model)), vars(models))
    assert KEY not in " ".join(map(repr, shown))
    assert KEY not in str(llm_config.public)


async def test_a_redirect_is_not_followed_and_takes_no_key_along(server: ModelServer) -> None:
    with ModelServer() as elsewhere:
        location = {"location": elsewhere.base_url + "/chat/completions"}
        server.reply(Reply(b"", status=307, headers=location))
        with pytest.raises(ModelError, match="307"):
            await answer(config(server, max_retries=0))
        assert elsewhere.requests == []


async def test_nothing_from_openai_variables_is_sent(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "stray-key")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "stray-admin")
    monkeypatch.setenv("OPENAI_ORG_ID", "stray-org")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "stray-project")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Stray: stray-header")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/stray")
    await answer(config(server, api_key=None))
    headers = server.requests[0].headers
    assert "authorization" not in headers
    assert "stray" not in str(headers)


async def test_a_slow_endpoint_times_out_with_a_message(server: ModelServer) -> None:
    with (
        server.held(),
        pytest.raises(ModelError, match=r"did not answer within 1 s \(1 attempts\)") as caught,
    ):
        await answer(config(server, timeout=1.0, max_retries=0))
    assert caught.value.retryable


async def test_an_endpoint_that_is_not_there_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        missing = ModelConfig(config_name="c", model="m", base_url=url, max_retries=0)
        with pytest.raises(ModelError, match="could not be reached") as caught:
            await answer(missing, patience=0)
    assert url in str(caught.value)
    assert caught.value.retryable


@pytest.mark.parametrize(
    "body",
    [
        completion("x").body[:60],
        b"<html><body>Sign in</body></html>",
        b"",
        b"null",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{"message": {"role": "assistant", "content": 1}}]}',
        b'{"choices": [{"message": {"role": "user", "content": "x"}}]}',
        b'{"choices": [{"message": {"role": "assistant", "tool_calls": [{"id": 1}]}}]}',
        b'\xff\xfe{"choices"',
    ],
)
async def test_a_body_that_is_no_completion_is_an_error(server: ModelServer, body: bytes) -> None:
    server.reply(Reply(body))
    with pytest.raises(ModelError, match="not a chat completion"):
        await answer(config(server))


@pytest.mark.parametrize(
    ("reason", "message"), [("content_filter", "content filter"), ("length", "max_tokens")]
)
async def test_an_answer_that_was_cut_off_before_it_began_is_an_error(
    server: ModelServer, reason: str, message: str
) -> None:
    server.reply(completion(None, finish_reason=reason))
    with pytest.raises(ModelError, match=message):
        await answer(config(server))


@pytest.mark.parametrize(
    "base_url", ["llm.example/v1", "ftp://llm.example", "http://", "http://[::1", "https://u:p@llm.example"]
)
async def test_an_address_that_cannot_work_is_refused_before_anything_is_sent(base_url: str) -> None:
    with pytest.raises(ModelError) as caught:
        await answer(ModelConfig(config_name="c", model="m", base_url=base_url))
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
async def test_a_key_that_cannot_be_sent_is_refused_without_being_shown(
    server: ModelServer, key: str
) -> None:
    with pytest.raises(ModelError, match="cannot be sent") as caught:
        await answer(config(server, api_key=key))
    assert key not in str(caught.value)


async def test_calls_share_one_pool_and_run_at_the_same_time(server: ModelServer) -> None:
    models = Models()
    try:
        calls = [models.model_for(config(server)).answer(USER) for _ in range(5)]
        with server.held():
            pending = asyncio.gather(*calls)
            await asyncio.to_thread(server.wait_for_requests, 5)
        assert len(await pending) == 5
    finally:
        await models.aclose()
    assert server.most_at_once == 5
