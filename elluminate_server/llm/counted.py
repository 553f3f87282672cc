"""A model whose calls are counted, for those who operate the server."""

from collections.abc import Awaitable, Callable

import attrs

from elluminate_server.llm.around import ModelAround
from elluminate_server.llm.attempts import Kind
from elluminate_server.llm.types import Answer, ModelError
from elluminate_server.operating.meters import Meters, ModelLabels

__all__ = ["CountedModel"]

ANSWERED = "answered"
UNKNOWN = "unknown"
"""Outcome of a failure that was none of an attempt: an answer that cannot be read, say."""
OUTCOMES = (ANSWERED, *(kind.value for kind in Kind), UNKNOWN)


@attrs.frozen
class CountedModel(ModelAround):
    """A model whose calls are counted.

    Attributes:
        meters: Where they are counted.
    """

    meters: Meters

    async def _around(self, call: Callable[[], Awaitable[Answer]], *, is_object: bool) -> Answer:
        config = self.config
        counts = self.meters.of_model(ModelLabels(config.inference_type, config.config_name, config.model))
        if not counts.outcomes:  # an increase is seen only of what was 0 before
            counts.outcomes.update(dict.fromkeys(OUTCOMES, 0))
        try:
            answer = await call()
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
