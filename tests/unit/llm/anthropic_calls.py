"""Calls to Anthropic's Messages API, and what it answers."""

import json
from collections.abc import Mapping
from typing import Any

from elluminate_server.llm.gates import Caller
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.providers import Models
from elluminate_server.llm.types import Answer, Model, ObjectShape
from tests.support.raw_server import Act, RawServer, answers

KEY = "key-that-must-not-be-seen"
USER = [{"role": "user", "content": "Explain tides."}]
SAID = {"role": "user", "content": [{"type": "text", "text": "Explain tides."}]}
POINT = ObjectShape("point", {"x": {"type": "number"}})
SCHEMA = POINT.schema()
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": [1]}'}}


def message(
    *blocks: Mapping[str, Any], stop_reason: str = "end_turn", usage: Mapping[str, int] | None = None
) -> Act:
    """A message as the API reference shows it."""
    body = {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-2026",
        "content": list(blocks),
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 7, **(usage or {})},
    }
    return answers(json.dumps(body).encode(), content_type="application/json")


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def refusal(told: str, status: str = "400 Bad Request") -> Act:
    error = {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": told},
        "request_id": "req_1",
    }
    return answers(json.dumps(error).encode(), status=status)


def model_at(models: Models, server: RawServer, **changes: Any) -> Model:
    config = {
        "config_name": "Claude",
        "model": "claude-1",
        "inference_type": "anthropic",
        "base_url": server.base_url.removesuffix("/v1"),
        "api_key": KEY,
        "max_retries": 0,
    }
    return models.model_for(ModelConfig(**{**config, **changes}), Caller(patience=0))


async def ask(server: RawServer, config: Mapping[str, Any] | None = None, **given: Any) -> Answer:
    models = Models()
    try:
        return await model_at(models, server, **(config or {})).answer(**{"messages": USER, **given})
    finally:
        await models.aclose()


def body_of(request: bytes) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.partition(b"\r\n\r\n")[2])
    return body
