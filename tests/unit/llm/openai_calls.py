"""Calls to a model behind a scripted OpenAI-compatible endpoint."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from elluminate_server.llm.gates import Caller
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.prices import PricedModel
from elluminate_server.llm.providers import ModelDefaults, Models
from elluminate_server.llm.traced import TracedModel
from elluminate_server.llm.types import JudgeCase, Model
from tests.support.model_server import ModelServer

T = TypeVar("T")

KEY = "key-that-must-not-be-seen"
USER = [{"role": "user", "content": "Explain tides."}]
CASE = JudgeCase(
    criterion="Is it short?",
    prompt_messages=USER,
    response_messages=[{"role": "assistant", "content": "The moon."}],
    row_values={"topic": "tides"},
)


def config(server: ModelServer, **changes: Any) -> ModelConfig:
    given = {"config_name": "test", "model": "gpt-test", "base_url": server.base_url, "api_key": KEY}
    return ModelConfig(**{**given, **changes})


def provider_within(model: Model) -> Model:
    """What asks, without what prices and traces its answers."""
    assert isinstance(model, PricedModel)
    assert isinstance(model.model, TracedModel)
    return model.model.model


async def ask(
    llm_config: ModelConfig | None,
    call: Callable[[Model], Awaitable[T]],
    defaults: ModelDefaults | None = None,
    *,
    patience: float = 30.0,
) -> T:
    models = Models(defaults)
    try:
        return await call(models.model_for(llm_config, Caller(patience=patience)))
    finally:
        await models.aclose()
