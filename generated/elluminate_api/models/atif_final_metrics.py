from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class ATIFFinalMetrics:
    """Totals of a run."""

    total_prompt_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    total_completion_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    total_cached_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    total_cost_usd: Annotated[float, Meta(ge=0.0, le=1000000000.0)] | None = None
    total_steps: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    extra: dict[str, Any] | None = None
