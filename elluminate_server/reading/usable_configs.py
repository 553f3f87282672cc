"""LLM configs with their keys opened, for who asks their models."""

from typing import Any

from elluminate_api.models import LLMConfigProblem, LLMConfigTest
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.store.sealing import opened
from elluminate_server.store.secret_keys import SecretKeyError

__all__ = ["usable_config"]


def usable_config(session: AsyncSession, row: Any) -> ModelConfig | LLMConfigTest:
    """How the model of a config is called; what became of trying it, where its key cannot be opened.

    Args:
        session: Where it was read.
        row: The config, or all columns of its table.
    """
    try:
        return ModelConfig.from_contract(opened(session, row))
    except SecretKeyError as error:
        reason = f"LLM config {row.name!r} cannot be used. {error.told}"
        return LLMConfigTest(ok=False, problem=LLMConfigProblem.CONFIG, reason=reason)
