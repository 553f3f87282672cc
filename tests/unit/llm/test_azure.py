"""Azure OpenAI, spoken to as its REST reference says: every byte that is sent, and the errors that only it has."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from elluminate_server.llm.gates import Caller
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.providers import Models
from elluminate_server.llm.types import Answer, ModelError, ObjectShape
from tests.support.model_server import completion
from tests.support.raw_server import Act, RawServer, answers

pytestmark = pytest.mark.anyio

KEY = "key-that-must-not-be-seen"
USER = [{"role": "user", "content": "Explain tides."}]


async def ask(server: RawServer, **given: Any) -> Answer:
    config = ModelConfig(
        config_name="Azure",
        model="our-deployment",
        base_url=server.base_url.removesuffix("/v1"),
        api_key=KEY,
        api_version="2024-10-21",
        max_retries=0,
    )
    models = Models()
    try:
        return await models.model_for(config, Caller(patience=0)).answer(**{"messages": USER, **given})
    finally:
        await models.aclose()


def refused(error: Mapping[str, Any], status: str, **headers: str) -> Act:
    return answers(json.dumps(error).encode(), status=status, content_type="application/json", **headers)


def filtered(**results: Mapping[str, Any]) -> dict[str, Any]:
    """The error of a prompt that was filtered, as Azure's page on content filtering shows it."""
    return {
        "error": {
            "message": "The response was filtered due to the prompt triggering Azure OpenAI's management policy.",
            "type": None,
            "param": "prompt",
            "code": "content_filter",
            "status": 400,
            "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": results},
        }
    }


async def test_every_byte_that_is_sent() -> None:
    with RawServer(answers(completion("The moon.").body)) as server:
        await ask(server)
    assert server.requests == [
        (
            "POST /openai/deployments/our-deployment/chat/completions?api-version=2024-10-21 HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{server.port}\r\n"
            "Accept: application/json\r\n"
            "Accept-Encoding: gzip, deflate\r\n"
            "Content-Type: application/json\r\n"
            "User-Agent: elluminate-open\r\n"
            f"api-key: {KEY}\r\n"
            "Content-Length: 82\r\n"
            "\r\n"
            '{"model":"our-deployment","messages":[{"role":"user","content":"Explain tides."}]}'
        ).encode()
    ]


async def test_an_answer_with_the_results_of_filters_is_an_answer() -> None:
    body = json.loads(completion("The moon.", model="gpt-4o-2024-08-06").body)
    body["prompt_filter_results"] = [
        {"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False}}}
    ]
    body["choices"][0]["content_filter_results"] = {"hate": {"filtered": False, "severity": "safe"}}
    with RawServer(answers(json.dumps(body).encode())) as server:
        answer = await ask(server)
    assert (answer.messages[0]["content"], answer.answered_by_model) == ("The moon.", "gpt-4o-2024-08-06")
    assert "content_filter_results" not in answer.messages[0]


async def test_an_answer_that_was_filtered_away_is_an_error_and_a_part_of_one_is_kept() -> None:
    whole = answers(completion("", finish_reason="content_filter").body)
    part = answers(completion("The", finish_reason="content_filter").body)
    with RawServer(whole, part) as server:
        with pytest.raises(ModelError, match="content filter withheld the answer of 'our-deployment'"):
            await ask(server)
        assert (await ask(server)).finish_reason == "content_filter"


@pytest.mark.parametrize(
    ("results", "told"),
    [
        pytest.param(
            {
                "hate": {"filtered": True, "severity": "high"},
                "violence": {"filtered": False, "severity": "safe"},
                "jailbreak": {"filtered": True, "detected": True},
            },
            r"answered 400: The response was filtered .* policy\. \(filtered: hate, jailbreak\)$",
            id="with-categories",
        ),
        pytest.param({}, r"management policy\.$", id="without-categories"),
    ],
)
async def test_a_prompt_that_was_filtered_fails_alone_with_the_categories(
    results: dict[str, Any], told: str
) -> None:
    with (
        RawServer(refused(filtered(**results), "400 Bad Request")) as server,
        pytest.raises(ModelError, match=told) as caught,
    ):
        await ask(server)
    assert (caught.value.retryable, caught.value.is_hopeless, caught.value.status) == (False, False, 400)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        pytest.param(
            {"statusCode": 401, "message": f"Unauthorized. Access token {KEY} is invalid."},
            "401 Unauthorized",
            r"answered 401: Unauthorized. Access token \[key\] is invalid. \(Check the LLM config's API key.\)",
            id="a-wrong-key",
        ),
        pytest.param(
            {
                "error": {
                    "code": "DeploymentNotFound",
                    "message": "The API deployment for this resource does not exist.",
                }
            },
            "404 Not Found",
            "answered 404: The API deployment for this resource does not exist",
            id="an-unknown-deployment",
        ),
    ],
)
async def test_what_no_call_gets_past_is_told_at_once(error: dict[str, Any], status: str, told: str) -> None:
    shape = ObjectShape("point", {"x": {"type": "number"}})
    with RawServer(refused(error, status)) as server, pytest.raises(ModelError, match=told) as caught:
        await ask(server, preferred_shape=shape)
    assert caught.value.is_hopeless
    assert KEY not in str(caught.value)
    assert len(server.requests) == 1


async def test_a_quota_that_is_used_up_is_told_as_one_that_passes() -> None:
    error = {"error": {"code": "429", "message": "Requests have exceeded the token rate limit."}}
    with (
        RawServer(refused(error, "429 Too Many Requests", retry_after="7")) as server,
        pytest.raises(ModelError, match="answered 429: Requests have exceeded") as caught,
    ):
        await ask(server)
    assert caught.value.retryable
