"""Claude models behind Anthropic's Messages API: every byte that is sent, and everything that comes back."""

import json
from typing import Any

import attrs
import pytest

from elluminate_server.llm.anthropic_messages import read_message
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.providers import Models
from elluminate_server.llm.types import ModelError
from tests.support.raw_server import RawServer, answers
from tests.unit.llm.anthropic_calls import (
    CALL,
    KEY,
    POINT,
    SAID,
    SCHEMA,
    USER,
    ask,
    body_of,
    message,
    text,
)

pytestmark = pytest.mark.anyio


async def test_every_byte_that_is_sent() -> None:
    with RawServer(message(text("The moon."))) as server:
        await ask(server)
    assert server.requests == [
        (
            "POST /v1/messages HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{server.port}\r\n"
            "Accept: application/json\r\n"
            "Accept-Encoding: gzip, deflate\r\n"
            "Content-Type: application/json\r\n"
            "User-Agent: elluminate-open\r\n"
            f"x-api-key: {KEY}\r\n"
            "anthropic-version: 2023-06-01\r\n"
            "Content-Length: 119\r\n"
            "\r\n"
            '{"model":"claude-1","max_tokens":4096,'
            '"messages":[{"role":"user","content":[{"type":"text","text":"Explain tides."}]}]}'
        ).encode()
    ]


@pytest.mark.parametrize(
    ("config", "given", "body"),
    [
        pytest.param(
            {"system_message": "Be brief.", "max_tokens": 9, "temperature": 0.0, "top_p": 0.5, "top_k": 4},
            {},
            {
                "max_tokens": 9,
                "messages": [SAID],
                "system": "Be brief.",
                "temperature": 0.0,
                "top_p": 0.5,
                "top_k": 4,
            },
            id="every parameter",
        ),
        pytest.param(
            {"system_message": "A."},
            {
                "messages": [
                    {"role": "system", "content": "B."},
                    *USER,
                    {"role": "developer", "content": [text("C."), text("D.")]},
                ]
            },
            {"max_tokens": 4096, "messages": [SAID], "system": "A.\n\nB.\n\nC.\nD."},
            id="system messages",
        ),
        pytest.param(
            {},
            {"messages": [{"role": "system", "content": "Explain tides."}]},
            {"max_tokens": 4096, "messages": [SAID]},
            id="a system message alone",
        ),
        pytest.param(
            {},
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            text("Look:"),
                            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                            {"type": "image_url", "image_url": {"url": "https://pictures.example/a.png"}},
                            {"type": "file", "file": {"file_data": "data:application/pdf;base64,BBBB"}},
                        ],
                    }
                ]
            },
            {
                "max_tokens": 4096,
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            text("Look:"),
                            {
                                "type": "image",
                                "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"},
                            },
                            {
                                "type": "image",
                                "source": {"type": "url", "url": "https://pictures.example/a.png"},
                            },
                            {
                                "type": "document",
                                "source": {"type": "base64", "media_type": "application/pdf", "data": "BBBB"},
                            },
                        ],
                    }
                ],
            },
            id="pictures and files",
        ),
        pytest.param(
            {},
            {
                "messages": [
                    *USER,
                    {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [CALL, {**CALL, "id": "c2"}],
                        "content_parts": [
                            {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                            {"type": "tool_use", "id": "c1", "name": "f", "input": {}},
                        ],
                    },
                    {"role": "tool", "tool_call_id": "c1", "content": "42"},
                    {"role": "tool", "tool_call_id": "c2", "content": ""},
                    {"role": "user", "content": "And?"},
                    {"role": "assistant", "content": " "},
                ],
                "tools": [
                    {
                        "type": "function",
                        "function": {
                            "name": "f",
                            "description": "Counts.",
                            "parameters": {"type": "object", "properties": {"a": {"default": None}}},
                            "strict": None,
                        },
                    },
                    {"type": "function", "function": {"name": "g", "description": None, "strict": True}},
                ],
                "tool_choice": {"type": "function", "function": {"name": "f"}},
            },
            {
                "max_tokens": 4096,
                "messages": [
                    SAID,
                    {
                        "role": "assistant",
                        "content": [
                            {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                            {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": [1]}},
                            {"type": "tool_use", "id": "c2", "name": "f", "input": {"a": [1]}},
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {"type": "tool_result", "tool_use_id": "c1", "content": "42"},
                            {"type": "tool_result", "tool_use_id": "c2"},
                            text("And?"),
                        ],
                    },
                ],
                "tools": [
                    {
                        "name": "f",
                        "description": "Counts.",
                        "input_schema": {"type": "object", "properties": {"a": {"default": None}}},
                    },
                    {"name": "g", "strict": True, "input_schema": {"type": "object", "properties": {}}},
                ],
                "tool_choice": {"type": "tool", "name": "f"},
            },
            id="tools, their calls and results",
        ),
        pytest.param(
            {"reasoning_effort": "minimal"},
            {},
            {
                "max_tokens": 4096,
                "messages": [SAID],
                "thinking": {"type": "adaptive"},
                "output_config": {"effort": "low"},
            },
            id="an effort",
        ),
        pytest.param(
            {"reasoning_effort": "high"},
            {"response_format": POINT.response_format()},
            {
                "max_tokens": 4096,
                "messages": [SAID],
                "thinking": {"type": "adaptive"},
                "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": SCHEMA}},
            },
            id="an effort and a form",
        ),
        pytest.param(
            {},
            {"preferred_shape": POINT},
            {
                "max_tokens": 4096,
                "messages": [SAID],
                "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
            },
            id="a form",
        ),
        pytest.param(
            {}, {"response_format": {"type": "text"}}, {"max_tokens": 4096, "messages": [SAID]}, id="no form"
        ),
    ],
)
async def test_what_is_sent(config: dict[str, Any], given: dict[str, Any], body: dict[str, Any]) -> None:
    with RawServer(message(text('{"x": 1}'))) as server:
        await ask(server, config, **given)
    assert [body_of(request) for request in server.requests] == [{"model": "claude-1", **body}]


@pytest.mark.parametrize(("choice", "sent"), [("auto", "auto"), ("required", "any"), ("none", "none")])
async def test_a_tool_choice_in_a_word(choice: str, sent: str) -> None:
    with RawServer(message(text("No."))) as server:
        await ask(server, tools=[{"type": "function", "function": {"name": "f"}}], tool_choice=choice)
    assert body_of(server.requests[0])["tool_choice"] == {"type": sent}


@pytest.mark.parametrize(
    ("root", "version", "sent"),
    [("", None, "2023-06-01"), ("/v1", None, "2023-06-01"), ("/v1/", "2026-01-01", "2026-01-01")],
)
async def test_the_address_and_the_version(root: str, version: str | None, sent: str) -> None:
    with RawServer(message(text("Yes."))) as server:
        base_url = server.base_url.removesuffix("/v1") + root
        await ask(server, {"base_url": base_url, "api_version": version})
    assert server.requests[0].startswith(b"POST /v1/messages HTTP/1.1\r\n")
    assert f"anthropic-version: {sent}\r\n".encode() in server.requests[0]


# What comes back


async def test_an_answer_has_every_assistant_key_and_all_counts() -> None:
    counts = {"cache_read_input_tokens": 5, "cache_creation_input_tokens": 2}
    with RawServer(message(text("The "), text("moon."), usage=counts)) as server:
        answer = await ask(server)
    unset = dict.fromkeys(("refusal", "annotations", "audio", "function_call", "tool_calls"))
    assert answer.messages == [{"role": "assistant", "content": "The moon.", **unset}]
    assert (answer.input_tokens, answer.cached_tokens, answer.output_tokens) == (18, 5, 7)
    assert (answer.finish_reason, answer.answered_by_model) == ("stop", "claude-2026")
    assert answer.duration_seconds > 0


async def test_uses_of_tools_are_tool_calls() -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": "ä"}}
    with RawServer(message(text("Let me see."), use, stop_reason="tool_use")) as server:
        answer = await ask(server)
    (said,) = answer.messages
    function = {"name": "f", "arguments": '{"a": "ä"}'}
    assert said["content"] == "Let me see."
    assert said["tool_calls"] == [{"id": "toolu_1", "type": "function", "function": function}]
    assert answer.finish_reason == "tool_calls"


async def test_thinking_is_kept_apart_with_its_signature() -> None:
    blocks = [
        {"type": "thinking", "thinking": "Sun or moon?", "signature": "s"},
        {"type": "redacted_thinking", "data": "x"},
        text("The moon."),
    ]
    with RawServer(message(*blocks)) as server:
        (said,) = (await ask(server)).messages
    assert (said["content"], said["reasoning_content"]) == ("The moon.", "Sun or moon?")
    assert said["content_parts"] == blocks


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("pause_turn", "pause_turn"),
        ("refusal", "content_filter"),
    ],
)
async def test_why_the_model_stopped_is_told_in_the_contracts_words(said: str, told: str) -> None:
    with RawServer(message(text("The"), stop_reason=said)) as server:
        assert (await ask(server)).finish_reason == told


@pytest.mark.parametrize(
    ("stop_reason", "told"),
    [("max_tokens", "raise the LLM config's max_tokens"), ("refusal", "content filter")],
)
async def test_an_answer_that_was_left_empty_is_an_error(stop_reason: str, told: str) -> None:
    with (
        RawServer(message(stop_reason=stop_reason)) as server,
        pytest.raises(ModelError, match=told) as caught,
    ):
        await ask(server)
    assert caught.value.usage.output_tokens == 7


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"{}",
        b'{"content": "text"}',
        b'{"content": [{"type": "text"}]}',
        b'{"content": [{"type": "tool_use", "id": 1}]}',
        b'{"choices": [{"message": {"content": "x"}}]}',
    ],
)
def test_a_body_that_is_no_message_is_an_error(body: bytes) -> None:
    with pytest.raises(ModelError, match=r"not a message of Anthropic's API.*`/v1/messages`"):
        read_message(body, model="claude-1", duration_seconds=1.0)


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        ("400 Bad Request", "invalid_request_error", False),
        ("401 Unauthorized", "authentication_error", False),
        ("404 Not Found", "not_found_error", False),
        ("429 Too Many Requests", "rate_limit_error", True),
        ("500 Internal Server Error", "api_error", True),
        ("529 Overloaded", "overloaded_error", True),
    ],
)
async def test_an_error_has_the_providers_words_and_not_the_key(
    status: str, kind: str, retryable: bool
) -> None:
    error = {"type": "error", "error": {"type": kind, "message": f"No: {KEY}."}}
    act = answers(json.dumps(error).encode(), status=status)
    with (
        RawServer(act) as server,
        pytest.raises(ModelError, match=f"answered {status[:3]}: No: .key.") as caught,
    ):
        await ask(server)
    assert (caught.value.retryable, caught.value.status) == (retryable, int(status[:3]))


# What cannot be sent


@pytest.mark.parametrize("name", ["best_of", "logprobs", "top_logprobs", "verbosity"])
def test_a_parameter_that_the_api_does_not_have_is_named(name: str) -> None:
    plain = ModelConfig(config_name="Claude", model="claude-1", inference_type="anthropic", api_key=KEY)
    set_one: dict[str, Any] = {name: 1}
    config = attrs.evolve(plain, **set_one)
    with pytest.raises(ModelError, match=f"'Claude' sets {name}, which Anthropic's API does not have"):
        Models().model_for(config)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (
            {"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]},
            "'input_audio' cannot be sent",
        ),
        (
            {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "[1]"}}]},
            "is no JSON object",
        ),
        (
            {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{"}}]},
            "is no JSON object",
        ),
    ],
)
async def test_a_message_that_cannot_be_sent_is_refused(sent: dict[str, Any], told: str) -> None:
    with RawServer(message()) as server, pytest.raises(ModelError, match=told):
        await ask(server, messages=[*USER, sent])
    assert server.requests == []
