from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class ATIFFinalMetrics:
    """Cost of a whole trajectory.

    Attributes:
        total_prompt_tokens: Tokens of all prompts, cached ones included. 0 to 2147483647.
        total_completion_tokens: Tokens of all answers. 0 to 2147483647.
        total_cached_tokens: Cached tokens of all prompts. 0 to 2147483647.
        total_cost_usd: Cost in US dollars, 0 to 1000000000.
        total_steps: Number of steps, 0 to 2147483647.
        extra: Further information.
    """

    total_prompt_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    total_completion_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    total_cached_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    total_cost_usd: Annotated[float, Meta(ge=0.0, le=1000000000.0)] | None = None
    total_steps: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    extra: dict[str, Any] | None = None

    __repr__ = one_line
