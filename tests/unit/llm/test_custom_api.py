"""APIs of somebody's own: every byte that is sent, what is read from the answer, and what cannot be used."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given as given_by
from hypothesis import strategies as st

from elluminate_server.llm.custom_api_config import fill
from elluminate_server.llm.gates import Caller
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.providers import ModelDefaults, Models
from elluminate_server.llm.types import Answer, ModelError, ObjectShape
from tests.support.raw_server import Act, RawServer, answers

pytestmark = pytest.mark.anyio

KEY = "key-that-must-not-be-seen"
TOKEN = "token-that-must-not-be-seen-either"
USER = [{"role": "user", "content": "Explain tides."}]
BODY = {"input": "{{prompt}}"}
SAYS = {"text": "$.output"}


def said(value: Any, status: str = "200 OK") -> Act:
    return answers(json.dumps(value).encode(), status=status, content_type="application/json")


def config_of(server: RawServer | None, **changes: Any) -> ModelConfig:
    given: dict[str, Any] = {
        "config_name": "Ours",
        "model": "ours/1",
        "inference_type": "custom_api",
        "base_url": None if server is None else server.base_url,
        "api_key": KEY,
        "max_retries": 0,
        "custom_api_config": {"body": BODY, "response": SAYS},
    }
    return ModelConfig(**{**given, **changes})


async def ask(server: RawServer, config: Mapping[str, Any] | None = None, **given: Any) -> Answer:
    models = Models()
    try:
        model = models.model_for(config_of(server, **(config or {})), Caller(patience=0))
        return await model.answer(**{"messages": USER, **given})
    finally:
        await models.aclose()


def sent(request: bytes) -> tuple[str, dict[str, str], bytes]:
    """Line, headers and body of a request."""
    head, _, body = request.partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    return line, dict(header.split(": ", 1) for header in headers), body


# What is sent


async def test_every_byte_of_a_request_is_what_the_config_says() -> None:
    api = {
        "path": "/generate/{{model}}?version=2",
        "headers": {"X-Token": f"Token {TOKEN}", "X-Key": "{{api_key}}", "X-Model": "m={{model}}"},
        "body": {
            "input": "Q: {{prompt}}\nA:",
            "options": {"heat": "{{temperature}}", "n": 1},
            "tags": ["a", True, None],
        },
        "response": SAYS,
    }
    with RawServer(said({"output": "The moon."})) as server:
        await ask(server, {"custom_api_config": api, "temperature": 0.5})
    line, headers, body = sent(server.requests[0])
    assert line == "POST /v1/generate/ours%2F1?version=2 HTTP/1.1"
    assert body == (b'{"input":"Q: Explain tides.\\nA:","options":{"heat":0.5,"n":1},"tags":["a",true,null]}')
    host = f"127.0.0.1:{server.port}"
    named = {name: headers.pop(name) for name in ("Host", "X-Token", "X-Key", "X-Model", "Content-Length")}
    assert named == {
        "Host": host,
        "X-Token": f"Token {TOKEN}",
        "X-Key": KEY,
        "X-Model": "m=ours/1",
        "Content-Length": str(len(body)),
    }
    assert headers.keys() == {"Accept", "Accept-Encoding", "Content-Type", "User-Agent"}
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "key", "expected"),
    [
        pytest.param(BODY, KEY, {"Authorization": f"Bearer {KEY}"}, id="nowhere"),
        pytest.param(BODY, "", {}, id="no-key"),
        pytest.param({**BODY, "key": "{{api_key}}"}, KEY, {}, id="in-the-body"),
    ],
)
async def test_the_key_is_a_bearer_token_where_it_stands_nowhere_else(
    body: dict[str, Any], key: str, expected: dict[str, str]
) -> None:
    api = {"body": body, "response": SAYS}
    with RawServer(said({"output": "x"})) as server:
        await ask(server, {"custom_api_config": api, "api_key": key})
    headers = sent(server.requests[0])[1]
    assert {name: value for name, value in headers.items() if name == "Authorization"} == expected
    assert json.loads(sent(server.requests[0])[2]).get("key", key) == key


CONVERSATION = [
    {"role": "system", "content": "Be short."},
    {"role": "user", "content": "Hi."},
    {"role": "assistant", "content": "Yes?", "tool_calls": None},
    {"role": "user", "content": [{"type": "text", "text": "Tides."}]},
]
TOOL = {"type": "function", "function": {"name": "f", "description": None, "parameters": {"type": "object"}}}


@pytest.mark.parametrize(
    ("body", "config", "given", "expected"),
    [
        pytest.param(
            {"m": "{{messages}}"},
            {"system_message": "Speak German."},
            {"messages": CONVERSATION},
            {
                "m": [
                    {"role": "system", "content": "Speak German."},
                    CONVERSATION[0],
                    CONVERSATION[1],
                    {"role": "assistant", "content": "Yes?"},
                    CONVERSATION[3],
                ]
            },
            id="messages",
        ),
        pytest.param(
            {"p": "{{prompt}}", "s": "{{system}}"},
            {"system_message": "Speak German."},
            {"messages": CONVERSATION},
            {"p": "User: Hi.\n\nAssistant: Yes?\n\nUser: Tides.", "s": "Speak German.\n\nBe short."},
            id="prompt-and-system",
        ),
        pytest.param(
            {"p": "{{prompt}}"},
            {},
            {"messages": CONVERSATION[:2]},
            {"p": "System: Be short.\n\nUser: Hi."},
            id="prompt-alone",
        ),
        pytest.param(
            {
                "p": "{{prompt}}",
                "s": "{{system}}",
                "t": "{{temperature}}",
                "l": ["{{top_k}}", 1],
                "w": "<{{top_p}}>",
            },
            {},
            {},
            {"p": "Explain tides.", "l": [1], "w": "<>"},
            id="what-is-not-set-is-left-out",
        ),
        pytest.param(
            {"p": "{{ prompt }}", "o": {"max": "{{max_tokens}}", "effort": "{{reasoning_effort}}"}},
            {"max_tokens": 7, "reasoning_effort": "low"},
            {},
            {"p": "Explain tides.", "o": {"max": 7, "effort": "low"}},
            id="sampling",
        ),
        pytest.param(
            {"p": "{{prompt}}", "t": "{{tools}}", "c": "{{tool_choice}}", "f": "{{response_format}}"},
            {},
            {"tools": [TOOL], "tool_choice": "auto", "response_format": {"type": "json_object"}},
            {
                "p": "Explain tides.",
                "t": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
                "c": "auto",
                "f": {"type": "json_object"},
            },
            id="tools-and-forms",
        ),
    ],
)
async def test_placeholders_are_filled_with_values(
    body: dict[str, Any], config: dict[str, Any], given: dict[str, Any], expected: dict[str, Any]
) -> None:
    with RawServer(said({"output": "x"})) as server:
        await ask(server, {"custom_api_config": {"body": body, "response": SAYS}, **config}, **given)
    assert json.loads(sent(server.requests[0])[2]) == expected


@given_by(prompt=st.text())
def test_a_prompt_stays_inside_its_string(prompt: str) -> None:
    template = {"a": "{{prompt}}", "b": "<{{prompt}}>", "c": [{"d": "{{prompt}}{{prompt}}"}], "e": "kept"}
    expected = {"a": prompt, "b": f"<{prompt}>", "c": [{"d": prompt * 2}], "e": "kept"}
    assert json.loads(json.dumps(fill(template, {"prompt": prompt}))) == expected


async def test_a_prompt_that_looks_like_json_or_a_placeholder_is_only_text() -> None:
    prompt = '", "admin": true, "x": "{{api_key}}\n'
    with RawServer(said({"output": "x"})) as server:
        await ask(server, messages=[{"role": "user", "content": prompt}])
    assert json.loads(sent(server.requests[0])[2]) == {"input": prompt}


# What is read


async def test_an_answer_is_read_where_the_config_says() -> None:
    api = {
        "body": BODY,
        "response": {
            "text": "$.result.parts[*]['the text']",
            "input_tokens": "$.usage.in",
            "output_tokens": "$.usage.out",
            "reasoning_tokens": "$.usage.thought",
            "cached_tokens": "$.usage.cached",
            "finish_reason": "$.why",
            "model": "$.by",
            "error": "$.error",
        },
    }
    answer_body = {
        "result": {"parts": [{"the text": "The "}, {"the text": "moon."}]},
        "usage": {"in": 12, "out": "5", "cached": 4},
        "why": "length",
        "by": "ours-2026",
        "error": None,
    }
    with RawServer(said(answer_body)) as server:
        answer = await ask(
            server, {"custom_api_config": api, "input_price_per_mtok": 1.0, "output_price_per_mtok": 2.0}
        )
    unset = dict.fromkeys(("refusal", "annotations", "audio", "function_call", "tool_calls"))
    assert answer.messages == [{"role": "assistant", "content": "The moon.", **unset}]
    assert (answer.input_tokens, answer.output_tokens, answer.cached_tokens) == (12, 5, 4)
    assert (answer.reasoning_tokens, answer.finish_reason, answer.answered_by_model) == (
        None,
        "length",
        "ours-2026",
    )
    assert answer.estimated_cost_usd == pytest.approx(22e-6)


async def test_the_contracts_parser_may_be_the_path() -> None:
    config = {"custom_api_config": {"body": BODY}, "custom_response_parser": " $.a[0] "}
    with RawServer(said({"a": ["Yes."]})) as server:
        assert (await ask(server, config)).messages[0]["content"] == "Yes."


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param(
            b'{"error": {"code": 1}}',
            r"'ours/1' .*: there is nothing at \$\.output: \$ is an object with 'error'\. It starts with .*Correct",
            id="another-shape",
        ),
        pytest.param(
            b'{"output": {"text": "x"}}', r"\$\.output is an object with 'text' and no text", id="an-object"
        ),
        pytest.param(b'{"output": 7}', r"\$\.output is a number and no text", id="a-number"),
        pytest.param(b"[1]", r"there is nothing at \$\.output: \$ is a list of 1", id="a-list"),
        pytest.param(b"<html>", "not JSON", id="no-json"),
        pytest.param(
            json.dumps({"out": f"{TOKEN} {KEY}"}).encode(), r"It starts with .*\[key\]", id="secrets"
        ),
    ],
)
async def test_an_answer_of_another_shape_names_the_path_and_what_was_found(body: bytes, told: str) -> None:
    api = {"body": BODY, "response": SAYS, "headers": {"X-Token": f"Token {TOKEN}"}}
    with RawServer(answers(body)) as server, pytest.raises(ModelError, match=told) as caught:
        await ask(server, {"custom_api_config": api})
    assert TOKEN not in str(caught.value)
    assert KEY not in str(caught.value)


async def test_an_error_in_an_answer_that_calls_itself_good_is_told_in_its_words() -> None:
    api = {"body": BODY, "response": {**SAYS, "error": "$.error.message"}}
    with (
        RawServer(said({"error": {"message": f"no quota for {KEY}"}})) as server,
        pytest.raises(ModelError, match=r"answered with an error: no quota for \[key\]"),
    ):
        await ask(server, {"custom_api_config": api})


async def test_an_empty_answer_is_one_and_one_that_was_cut_off_is_not() -> None:
    api = {"body": BODY, "response": {**SAYS, "finish_reason": "$.why"}}
    with RawServer(said({"output": None}), said({"output": "", "why": "length"})) as server:
        assert (await ask(server, {"custom_api_config": api})).messages[0]["content"] is None
        with pytest.raises(ModelError, match="raise the LLM config's max_tokens"):
            await ask(server, {"custom_api_config": api})


@pytest.mark.parametrize(
    ("status", "retryable", "is_hopeless"),
    [("401 Unauthorized", False, True), ("422 Unprocessable", False, False), ("503 Away", True, False)],
)
async def test_an_error_status_is_told_without_any_secret(
    status: str, retryable: bool, is_hopeless: bool
) -> None:
    api = {"body": BODY, "response": SAYS, "headers": {"X-Token": f"Token {TOKEN}", "X-Key": "{{api_key}}"}}
    act = said({"detail": f"{TOKEN} and {KEY} are wrong"}, status)
    with (
        RawServer(act) as server,
        pytest.raises(ModelError, match=f"answered {status[:3]}: .key. and .key.") as caught,
    ):
        await ask(server, {"custom_api_config": api})
    assert (caught.value.retryable, caught.value.is_hopeless) == (retryable, is_hopeless)


# What cannot be used


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"custom_api_config": None}, "custom_api_config is missing"),
        ({"bodys": {}}, "custom_api_config has no 'bodys': did you mean 'body'?"),
        ({"body": "{{prompt}}"}, "custom_api_config.body must be an object"),
        ({"body": {"a": "{{promt}}"}}, "{{promt}} is no placeholder: did you mean 'prompt'?"),
        ({"body": {"a": "b"}}, "holds neither {{prompt}} nor {{messages}}"),
        ({"path": "generate"}, "path must begin with '/' or '?'"),
        ({"path": "/a b"}, "path must begin with '/' or '?' and hold no blanks"),
        ({"path": "/a#b"}, "path must begin"),
        ({"path": "/{{api_key}}"}, "a key belongs into a header"),
        ({"headers": {"X-A": "{{prompt}}"}}, "headers take {{api_key}} and {{model}} alone"),
        ({"headers": {"Host": "hush-hush"}}, "'Host' is no name of a header that can be set"),
        ({"headers": {"X A": "hush-hush"}}, "'X A' is no name of a header"),
        ({"headers": {"X-A": "hush\r\nX-B: 1"}}, "the value of 'X-A' (not shown) must be"),
        ({"headers": {"X-A": 7}}, "the value of 'X-A' (not shown) must be"),
        ({"headers": ["hush"]}, "headers must be an object of texts"),
        ({"response": None}, "response must say where the text stands"),
        ({"response": "$.x"}, "response must be an object of paths"),
        ({"response": {"txt": "$.x"}}, "custom_api_config.response has no 'txt': did you mean 'text'?"),
        ({"response": {"text": "x.y"}}, "custom_api_config.response.text: 'x.y' does not begin with '$'"),
        ({"response": {"text": 7}}, "custom_api_config.response.text: '7' does not begin with '$'"),
        ({"custom_response_parser": "def parse(x): ..."}, "Code of users does not run on this server"),
        ({"custom_response_parser": "$.x"}, "both say where the text stands"),
        ({"temperature": 0.5, "top_p": 1.0}, "temperature, top_p is set, and stands nowhere"),
        ({"logprobs": True}, "logprobs is set, and stands nowhere"),
        ({"base_url": None}, "has no base URL"),
        ({"api_key": "schlüssel", "headers": {"X-A": "{{api_key}}"}}, "cannot be sent"),
    ],
)
def test_a_config_that_cannot_be_used_is_refused_with_the_place(changes: dict[str, Any], told: str) -> None:
    api = {"body": BODY, "response": SAYS}
    fields = {name: value for name, value in changes.items() if hasattr(ModelConfig, name)}
    fields.setdefault("custom_api_config", {**api, **{k: v for k, v in changes.items() if k not in fields}})
    fields.setdefault("base_url", "https://ours.example")
    with pytest.raises(ModelError) as caught:
        Models(ModelDefaults(base_url="https://other.example", model="m")).model_for(
            config_of(None, **fields)
        )
    assert told in str(caught.value)
    assert "'Ours'" in str(caught.value) or "schl" in str(changes)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"tools": [TOOL]}, r"no \{\{tools\}\} in its custom_api_config.body"),
        ({"response_format": {"type": "json_object"}}, r"no \{\{response_format\}\}"),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x"}}]}
                ]
            },
            r"'image_url' does not fit into \{\{prompt\}\}",
        ),
    ],
)
async def test_what_the_template_has_no_place_for_is_refused_before_it_is_sent(
    given: dict[str, Any], told: str
) -> None:
    with RawServer(said({"output": "x"})) as server, pytest.raises(ModelError, match=told):
        await ask(server, **given)
    assert server.requests == []


async def test_a_wish_for_a_form_is_passed_on_where_there_is_a_place_for_it() -> None:
    shape = ObjectShape("point", {"x": {"type": "number"}})
    with RawServer(said({"output": "{}"})) as server:
        await ask(server, preferred_shape=shape)
        api = {"body": {**BODY, "form": "{{response_format}}"}, "response": SAYS}
        await ask(server, {"custom_api_config": api}, preferred_shape=shape)
    bodies = [json.loads(sent(request)[2]) for request in server.requests]
    assert bodies == [
        {"input": "Explain tides."},
        {"input": "Explain tides.", "form": shape.response_format()},
    ]


def test_secrets_of_headers_are_in_no_repr_and_no_metadata() -> None:
    api = {"body": BODY, "response": SAYS, "headers": {"X-Token": TOKEN}}
    config = config_of(None, base_url="https://ours.example", custom_api_config=api)
    assert TOKEN not in repr(config)
    assert TOKEN not in repr(Models().model_for(config))
    assert config.public["custom_api_config"] is None
