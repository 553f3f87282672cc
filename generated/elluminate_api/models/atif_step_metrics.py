from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class ATIFStepMetrics:
    """Cost of one step."""

    prompt_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    completion_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    cached_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    cost_usd: Annotated[float, Meta(ge=0.0, le=1000000000.0)] | None = None
    prompt_token_ids: list[int] | None = None
    completion_token_ids: list[int] | None = None
    logprobs: list[float] | None = None
    extra: dict[str, Any] | None = None
