"""Calls to models as spans: what is told of them by the conventions for generative AI, and what never is."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.traced import TracedModel
from elluminate_server.llm.types import Answer, ModelError, ObjectShape
from tests.support.model_server import ModelServer, completion, failure
from tests.support.spans import Recorded, recorded_spans
from tests.unit.llm.openai_calls import KEY, USER, ask, config

pytestmark = pytest.mark.anyio


@pytest.fixture
def spans() -> Iterator[Recorded]:
    with recorded_spans() as recorded:
        yield recorded


async def test_a_call_is_told_by_the_conventions(server: ModelServer, spans: Recorded) -> None:
    server.reply(completion("Because of the moon.", model="gpt-test-2026", finish_reason="length"))
    asked = config(server, temperature=0.5, max_tokens=100, top_p=0.9, top_k=40, config_id=7)
    await ask(asked, lambda model: model.answer(USER))

    told = spans.one("chat gpt-test")
    assert told.kind is SpanKind.CLIENT
    assert told.status.status_code is StatusCode.UNSET
    attributes = dict(told.attributes or {})
    assert attributes.pop("elluminate.waited_seconds") is not None
    port = int(server.base_url.split(":")[2].split("/")[0])
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-test",
        "server.address": "127.0.0.1",
        "server.port": port,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 100,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.top_k": 40.0,
        "elluminate.llm_config_id": 7,
        "elluminate.role": "answer",
        "gen_ai.response.model": "gpt-test-2026",
        "gen_ai.response.finish_reasons": ("length",),
        "gen_ai.usage.input_tokens": 11,
        "gen_ai.usage.output_tokens": 7,
        "gen_ai.usage.cache_read.input_tokens": 2,
        "gen_ai.usage.reasoning.output_tokens": 3,
    }
    for secret in (KEY, "tides", "moon"):
        assert secret not in spans.text


async def test_attempts_that_failed_are_events(server: ModelServer, spans: Recorded) -> None:
    server.reply(failure(500, f"Broken by {KEY} over tides."), failure(502, "Away."), completion("The moon."))
    await ask(config(server), lambda model: model.answer(USER))
    told = spans.one("chat gpt-test")
    assert [(event.name, event.attributes) for event in told.events] == [
        ("attempt failed", {"error.type": "500"}),
        ("attempt failed", {"error.type": "502"}),
    ]
    assert told.status.status_code is StatusCode.UNSET
    assert KEY not in spans.text
    assert "tides" not in spans.text


async def test_a_failure_is_told_by_its_status_alone(server: ModelServer, spans: Recorded) -> None:
    server.reply(failure(401, f"Incorrect API key provided: {KEY}, for tides."))
    with pytest.raises(ModelError):
        await ask(config(server), lambda model: model.answer(USER))
    told = spans.one("chat gpt-test")
    assert told.attributes is not None
    assert told.attributes["error.type"] == "401"
    assert (told.status.status_code, told.status.description) == (StatusCode.ERROR, None)
    assert KEY not in spans.text
    assert "tides" not in spans.text


class _Scripted:
    def __init__(self, asked: ModelConfig, outcome: Answer | Exception) -> None:
        self.config = asked
        self.outcome = outcome

    async def answer(self, *_: Any, **__: Any) -> Answer:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.mark.parametrize(
    ("given", "provider", "kind"),
    [
        ({"inference_type": "openai", "api_version": "2026-01-01"}, "azure.ai.openai", SpanKind.CLIENT),
        ({"inference_type": "anthropic"}, "anthropic", SpanKind.CLIENT),
        ({"inference_type": "any_llm", "model": "mistral:small"}, "mistral", SpanKind.CLIENT),
        ({"inference_type": "custom_api"}, "custom_api", SpanKind.CLIENT),
        ({"inference_type": "local", "base_url": None}, "local", SpanKind.INTERNAL),
    ],
)
async def test_the_provider_is_the_one_by_whose_conventions_it_is_asked(
    spans: Recorded, given: dict[str, Any], provider: str, kind: SpanKind
) -> None:
    asked = ModelConfig(**{"config_name": "c", "model": "m", "base_url": "https://llm.example/v1", **given})
    shape = ObjectShape("answer", {"text": {"type": "string"}})
    await TracedModel(_Scripted(asked, Answer(messages=[]))).answer(USER, preferred_shape=shape)
    (told,) = spans.all
    assert told.attributes is not None
    assert (told.attributes["gen_ai.provider.name"], told.kind) == (provider, kind)
    assert told.attributes["gen_ai.output.type"] == "json"
    assert told.attributes.get("server.address") == (None if kind is SpanKind.INTERNAL else "llm.example")


async def test_an_answer_that_is_of_no_use_is_told_as_such(spans: Recorded) -> None:
    scripted = _Scripted(ModelConfig(config_name="c", model="m"), ModelError("It said: tides."))
    with pytest.raises(ModelError):
        await TracedModel(scripted).answer(USER)
    told = spans.one("chat m")
    assert told.attributes is not None
    assert told.attributes["error.type"] == "answer"
    assert "tides" not in spans.text
