from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class ATIFStepMetrics:
    """Cost of one step.

    Attributes:
        prompt_tokens: Tokens of the prompt, cached ones included. 0 to 2147483647.
        completion_tokens: Tokens of the answer. 0 to 2147483647.
        cached_tokens: Tokens of the prompt that were cached. 0 to 2147483647.
        cost_usd: Cost in US dollars, 0 to 1000000000.
        prompt_token_ids: Tokens of the prompt, as the model numbers them. At most 10000000.
        completion_token_ids: Tokens of the answer, as the model numbers them. At most 10000000.
        logprobs: Log probability of each token of the answer. At most 10000000.
        extra: Further information.
    """

    prompt_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    completion_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    cached_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    cost_usd: Annotated[float, Meta(ge=0.0, le=1000000000.0)] | None = None
    prompt_token_ids: Annotated[list[int], Meta(max_length=10000000)] | None = None
    completion_token_ids: Annotated[list[int], Meta(max_length=10000000)] | None = None
    logprobs: Annotated[list[float], Meta(max_length=10000000)] | None = None
    extra: dict[str, Any] | None = None

    __repr__ = one_line
