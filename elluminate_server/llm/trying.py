"""One small call with an LLM config: whether its model answers, or what is wrong, in a word and in words."""

from typing import Any

import anyio
import attrs
import msgspec
from elluminate_api import models as api

from elluminate_server.domain.messages import response_text
from elluminate_server.llm.attempts import Kind
from elluminate_server.llm.gates import Caller
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.providers import Models
from elluminate_server.llm.types import ModelError, Usage

__all__ = ["try_config"]

MOST_TOKENS = 2048
"""Tokens that the model may take; enough for one that thinks a little."""

MOST_SECONDS = 30.0
"""Seconds for the answer."""
_PATIENCE = 0.0
"""Seconds for which an endpoint is waited for that is busy or away: that is what the caller wants to know."""
_ALL_IN_ALL = 45.0
"""Seconds for everything, what a provider asks twice included."""

LONGEST_REPLY = 2000
"""Characters."""

Problem = api.LLMConfigProblem

_OF_KINDS = {
    Kind.LOAD: Problem.BUSY,
    Kind.OUTAGE: Problem.UNREACHABLE,
    Kind.TIME_OUT: Problem.TIME_OUT,
    Kind.PASSING: Problem.ENDPOINT,
    Kind.FINAL: Problem.REFUSED,
}

_WORDS_OF_ACCOUNTS = ("quota", "billing", "credit", "account")


async def try_config(models: Models, config: ModelConfig, prompt: str) -> api.LLMConfigTest:
    """Ask the model of an LLM config once.

    Args:
        models: The models of the server.
        config: Whose model.
        prompt: What to ask.

    Raises:
        ShortageError: This process lacks what the call takes.
    """
    config = _bounded(config)
    try:
        model = models.model_for(config, Caller(patience=_PATIENCE))
    except ModelError as error:
        return api.LLMConfigTest(ok=False, problem=Problem.CONFIG, reason=str(error))
    try:
        with anyio.fail_after(_ALL_IN_ALL):
            answer = await model.answer([{"role": "user", "content": prompt}])
    except TimeoutError:
        reason = f"The model {config.model!r} did not answer within {_ALL_IN_ALL:g} s."
        return api.LLMConfigTest(ok=False, problem=Problem.TIME_OUT, reason=reason)
    except ModelError as error:
        metadata = _metadata(error.usage, model.config)
        if error.usage.is_cut_off:  # by the limit of this call: the model was asked, and wrote
            return api.LLMConfigTest(ok=True, generation_metadata=metadata)
        return api.LLMConfigTest(
            ok=False, problem=_problem(error), reason=str(error), generation_metadata=metadata
        )
    reply = response_text(answer.messages)[:LONGEST_REPLY] or None
    return api.LLMConfigTest(ok=True, reply=reply, generation_metadata=_metadata(answer, model.config))


def _bounded(config: ModelConfig) -> ModelConfig:
    """The config for a call that is to be short."""
    changes: dict[str, Any] = {"timeout": min(config.timeout or MOST_SECONDS, MOST_SECONDS), "max_retries": 0}
    if config.inference_type != "custom_api":  # whose template may have no place for it
        changes["max_tokens"] = min(config.max_tokens or MOST_TOKENS, MOST_TOKENS)
    return attrs.evolve(config, **changes)


def _metadata(usage: Usage, config: ModelConfig) -> api.GenerationMetadata:
    return msgspec.convert(usage.metadata(config), api.GenerationMetadata)


def _problem(error: ModelError) -> api.LLMConfigProblem:
    if error.kind is None:
        return Problem.ANSWER
    if error.kind is not Kind.HOPELESS:
        return _OF_KINDS[error.kind]
    if error.status is None:
        return Problem.UNREACHABLE
    if error.status in (402, 429) or any(word in str(error).lower() for word in _WORDS_OF_ACCOUNTS):
        return Problem.QUOTA
    return Problem.MODEL_OR_ADDRESS if error.status == 404 else Problem.KEY
