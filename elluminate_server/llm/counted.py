"""A model whose calls are counted, for those who operate the server."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.types import Answer, Model, ModelError, ObjectShape
from elluminate_server.operating.meters import Meters, ModelLabels

__all__ = ["CountedModel"]

ANSWERED = "answered"
UNKNOWN = "unknown"
"""Outcome of a failure that was none of an attempt: an answer that cannot be read, say."""


@attrs.frozen
class CountedModel:
    """A model whose calls are counted.

    Attributes:
        model: The model that is asked.
        meters: Where they are counted.
    """

    model: Model
    meters: Meters

    @property
    def config(self) -> ModelConfig:
        """The model's own."""
        return self.model.config

    async def answer(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
        preferred_shape: ObjectShape | None = None,
    ) -> Answer:
        """Answer messages; see `Model.answer`."""
        config = self.config
        counts = self.meters.of_model(ModelLabels(config.inference_type, config.config_name, config.model))
        try:
            answer = await self.model.answer(
                messages,
                tools=tools,
                tool_choice=tool_choice,
                response_format=response_format,
                preferred_shape=preferred_shape,
            )
        except ModelError as error:
            counts.outcomes[UNKNOWN if error.kind is None else error.kind.value] += 1
            counts.waited.add(error.usage.waited_seconds)
            raise
        counts.outcomes[ANSWERED] += 1
        counts.seconds.add(answer.duration_seconds)
        counts.waited.add(answer.waited_seconds)
        for kind in ("input", "output", "cached", "reasoning"):
            counts.tokens[kind] += getattr(answer, f"{kind}_tokens") or 0
        return answer
