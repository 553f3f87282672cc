from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..models.reasoning_effort import ReasoningEffort
from ..models.verbosity import Verbosity
from ..types import one_line


@define(kw_only=True, repr=False)
class GenerationParams:
    """Sampling of one experiment; what is null comes from the LLM config. Temperature and reasoning effort
    exclude each other, in answers too.

    Attributes:
        temperature: Randomness, 0 to 2. Not together with reasoning_effort.
        reasoning_effort: How much the model may think. Not together with temperature.
        verbosity: How long answers should be.
        top_p: Share of the probability mass that tokens are drawn from, 0 to 1.
        max_tokens: Longest answer, in tokens.
        max_connections: Calls at the same time, 1 to 1000.
    """

    temperature: Annotated[float, Meta(ge=0.0, le=2.0)] | None = None
    reasoning_effort: ReasoningEffort | None = None
    verbosity: Verbosity | None = None
    top_p: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=2147483647)] | None = None
    max_connections: Annotated[int, Meta(ge=1, le=1000)] = 10

    __repr__ = one_line
