"""A model whose calls are spans, where spans are recorded: from asking to the answer, all attempts included.

By OpenTelemetry's semantic conventions for generative AI, "Inference", without prompts and answers. An attempt that
failed is an event of the span.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager

import attrs

from elluminate._spans import Span, Value, may_be_recorded, server_attributes, span
from elluminate_server.llm.around import ModelAround
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.types import Answer, ModelError, Usage
from elluminate_server.operating.context import current_role

__all__ = ["TracedModel"]

_OPERATION = "chat"


@attrs.frozen
class TracedModel(ModelAround):
    """A model whose calls are spans."""

    async def _around(self, call: Callable[[], Awaitable[Answer]], *, is_object: bool) -> Answer:
        if not may_be_recorded():
            return await call()
        with _span_of(self.config, is_object=is_object) as made:
            try:
                answer = await call()
            except ModelError as error:
                made.tell(_used(error.usage))
                made.fail(error.type)
                raise
            made.tell(_used(answer))
            return answer


def _span_of(config: ModelConfig, *, is_object: bool) -> AbstractContextManager[Span]:
    is_here = config.base_url is None and config.inference_type == "local"
    return span(
        "elluminate_server",
        f"{_OPERATION} {config.model}",
        "internal" if is_here else "client",
        lambda: {
            "gen_ai.operation.name": _OPERATION,
            "gen_ai.provider.name": _provider(config),
            "gen_ai.request.model": config.model,
            **server_attributes(config.base_url or ""),
            "gen_ai.request.temperature": config.sent_temperature,
            "gen_ai.request.max_tokens": config.max_tokens,
            "gen_ai.request.top_p": config.top_p,
            "gen_ai.request.top_k": None if config.top_k is None else float(config.top_k),
            "gen_ai.output.type": "json" if is_object else None,
            "elluminate.llm_config_id": config.config_id,
            "elluminate.role": current_role.get(),
        },
    )


def _provider(config: ModelConfig) -> str:
    """By which provider's conventions it is asked, which need not be whose model it is."""
    if config.inference_type == "openai" and config.api_version:
        return "azure.ai.openai"
    if config.inference_type == "any_llm":
        return config.model.partition(":")[0]
    return config.inference_type


def _used(usage: Usage) -> dict[str, Value]:
    return {
        "gen_ai.response.model": usage.answered_by_model,
        "gen_ai.response.finish_reasons": None if usage.finish_reason is None else (usage.finish_reason,),
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
        "elluminate.waited_seconds": usage.waited_seconds,
    }
