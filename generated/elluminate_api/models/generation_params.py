from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..models.reasoning_effort import ReasoningEffort
from ..models.verbosity import Verbosity


@define(kw_only=True)
class GenerationParams:
    """Sampling overrides of one experiment. The bounds and the exclusion of temperature with
    reasoning_effort are enforced on read too.

    Attributes:
        temperature: Not together with reasoning_effort.
    """

    temperature: Annotated[float, Meta(ge=0.0, le=2.0)] | None = None
    reasoning_effort: ReasoningEffort | None = None
    verbosity: Verbosity | None = None
    top_p: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=2147483647)] | None = None
    max_connections: Annotated[int, Meta(ge=1, le=1000)] = 10
