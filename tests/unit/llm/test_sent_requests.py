"""Every byte of a chat completion request, and the address it goes to."""

import asyncio
from typing import Any

import pytest

from elluminate_server.llm.judging import VERDICT
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.providers import Models
from elluminate_server.llm.types import ModelError
from tests.support.model_server import completion
from tests.support.raw_server import RawServer, answers

USER = [{"role": "user", "content": "Explain tides."}]
START = b'{"model":"gpt-test","messages":[{"role":"user","content":"Explain tides."}]'
FUNCTION = {"name": "f", "description": None, "parameters": {"default": None}, "strict": None}


def request(root: str, given: dict[str, Any], **changes: Any) -> bytes:
    """What was sent for one answer of a model at `root` on a server of this machine."""

    async def run(url: str) -> None:
        models = Models()
        config = {
            "config_name": "test",
            "model": "gpt-test",
            "base_url": url + root,
            "api_key": "k",
            **changes,
        }
        try:
            await models.model_for(ModelConfig(**config)).answer(**{"messages": USER, **given})
        finally:
            await models.aclose()

    with RawServer(answers(completion("The moon.").body)) as server:
        asyncio.run(run(server.base_url.removesuffix("/v1")))
    return server.requests[0]


@pytest.mark.parametrize("is_azure", [False, True])
@pytest.mark.parametrize(
    ("config", "given", "body"),
    [
        pytest.param({}, {}, START + b"}", id="nothing but the messages"),
        pytest.param(
            {
                "temperature": 0.0,
                "top_p": 0.5,
                "max_tokens": 9,
                "top_k": 4,
                "best_of": 2,
                "logprobs": True,
                "top_logprobs": 3,
                "verbosity": "low",
            },
            {},
            START + b',"max_tokens":9,"temperature":0.0,"top_p":0.5,"top_k":4,"best_of":2,"logprobs":true,'
            b'"top_logprobs":3,"verbosity":"low"}',
            id="every parameter",
        ),
        pytest.param(
            {"reasoning_effort": "low", "max_tokens": 9},
            {},
            START + b',"max_completion_tokens":9,"reasoning_effort":"low"}',
            id="a reasoning model",
        ),
        pytest.param(
            {"system_message": "Be brief."},
            {},
            b'{"model":"gpt-test","messages":[{"role":"system","content":"Be brief."},'
            b'{"role":"user","content":"Explain tides."}]}',
            id="a system message",
        ),
        pytest.param(
            {},
            {
                "tools": [{"type": "function", "function": FUNCTION}],
                "tool_choice": {"type": "function", "function": {"name": "f"}},
                "response_format": {"type": "json_object"},
            },
            START + b',"tools":[{"type":"function","function":{"name":"f","parameters":{"default":null}}}],'
            b'"tool_choice":{"type":"function","function":{"name":"f"}},"response_format":{"type":"json_object"}}',
            id="tools",
        ),
        pytest.param(
            {},
            {"tools": [{"type": "function", "function": {"name": "g"}}], "tool_choice": "auto"},
            START + b',"tools":[{"type":"function","function":{"name":"g"}}],"tool_choice":"auto"}',
            id="a tool choice in a word",
        ),
        pytest.param(
            {},
            {"preferred_shape": VERDICT},
            START
            + b',"response_format":{"type":"json_schema","json_schema":{"name":"verdict","schema":{"type":"object",'
            b'"properties":{"reasoning":{"type":"string"},"rating":{"type":"string","enum":["YES","NO"]}},'
            b'"required":["reasoning","rating"],"additionalProperties":false},"strict":true}}}',
            id="a verdict",
        ),
        pytest.param(
            {},
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "image_url", "image_url": {"url": "data:,", "detail": None}}],
                    },
                    {"role": "assistant", "content": None, "refusal": None, "tool_calls": [], "audio": None},
                ]
            },
            b'{"model":"gpt-test","messages":[{"role":"user","content":[{"type":"image_url","image_url":'
            b'{"url":"data:,","detail":null}}]},{"role":"assistant","content":null}]}',
            id="parts and stored messages",
        ),
    ],
)
def test_every_byte_of_a_body(
    config: dict[str, Any], given: dict[str, Any], body: bytes, is_azure: bool
) -> None:
    azure = {"api_version": "2024-10-21"} if is_azure else {}
    sent = request("" if is_azure else "/v1", given, **azure, **config)
    assert sent.partition(b"\r\n\r\n")[2] == body


@pytest.mark.parametrize(
    ("root", "config", "target"),
    [
        ("/v1", {}, "/v1/chat/completions"),
        ("/v1/", {}, "/v1/chat/completions"),
        ("", {}, "/chat/completions"),
        ("/a b/v1", {}, "/a%20b/v1/chat/completions"),
        ("/x%20y/v1", {}, "/x%20y/v1/chat/completions"),
        ("", {"api_version": "1"}, "/openai/deployments/gpt-test/chat/completions?api-version=1"),
        ("/openai", {"api_version": "1"}, "/openai/deployments/gpt-test/chat/completions?api-version=1"),
        ("/openai/", {"api_version": "1"}, "/openai/deployments/gpt-test/chat/completions?api-version=1"),
        ("", {"api_version": "v 1&2"}, "/openai/deployments/gpt-test/chat/completions?api-version=v+1%262"),
        (
            "",
            {"api_version": "1", "model": "a b/c"},
            "/openai/deployments/a%20b%2Fc/chat/completions?api-version=1",
        ),
        ("", {"api_version": "1", "model": "ü"}, "/openai/deployments/%C3%BC/chat/completions?api-version=1"),
        (
            "",
            {"api_version": "1", "model": "a%2Fb"},
            "/openai/deployments/a%252Fb/chat/completions?api-version=1",
        ),
        (
            "",
            {"api_version": "1", "model": "m?x#y"},
            "/openai/deployments/m%3Fx%23y/chat/completions?api-version=1",
        ),
        (
            "",
            {"api_version": "1", "model": "a:b@c+d"},
            "/openai/deployments/a:b@c+d/chat/completions?api-version=1",
        ),
    ],
)
def test_the_address_that_is_asked(root: str, config: dict[str, Any], target: str) -> None:
    assert request(root, {}, **config).split(b" ")[:2] == [b"POST", target.encode()]


@pytest.mark.parametrize("name", [".", ".."])
def test_a_deployment_whose_name_would_lead_elsewhere_is_refused(name: str) -> None:
    config = ModelConfig(
        config_name="c", model=name, base_url="https://llm.example", api_version="1", api_key="k"
    )
    with pytest.raises(ModelError, match="cannot be called"):
        Models().model_for(config)


@pytest.mark.parametrize(
    "base_url", ["http://llm.example:99999/v1", "http://llm.example:x/v1", "https://u:p@llm.example:99999"]
)
def test_an_address_with_a_port_that_is_none_is_refused(base_url: str) -> None:
    with pytest.raises(ModelError) as caught:
        Models().model_for(ModelConfig(config_name="c", model="m", base_url=base_url))
    assert "u:p" not in str(caught.value)


def test_the_bound_on_answers_is_that_of_the_server() -> None:
    async def run(url: str) -> None:
        models = Models(max_answer_bytes=1024)
        try:
            await models.model_for(ModelConfig(config_name="c", model="m", base_url=url)).answer(USER)
        finally:
            await models.aclose()

    with (
        RawServer(answers(completion("x" * 1024).body)) as server,
        pytest.raises(ModelError, match="more than 1024 bytes"),
    ):
        asyncio.run(run(server.base_url))
