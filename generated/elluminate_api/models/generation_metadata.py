from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class GenerationMetadata:
    """How a response or a rating came about. Null where it is not known.

    Attributes:
        llm_model_config: Model that answered, and how it was called.
        duration_seconds: How long the model took, in seconds. Of a call that was tried more than once, the last
            attempt alone; of a conversation, all answers together.
        input_tokens: Tokens of the prompt, cached ones included.
        output_tokens: Tokens of the answer, reasoning included.
        reasoning_tokens: Tokens of the reasoning.
        cached_tokens: Tokens of the prompt that the provider had cached.
        finish_reason: Why the model stopped, in the endpoint's word: stop, length (the answer was cut off at a
            token limit), tool_calls, content_filter or another. Of a conversation length when any
            answer was cut off, else the last answer's.
        answered_by_model: Model that the endpoint says answered, which can be a dated version of the one that was
            asked for, or another one.
        waited_seconds: Seconds before the attempt that duration_seconds tells of: for a free place, in earlier
            attempts that failed, and in the pauses after them.
        cached: Whether no model was asked, because an equal call had been answered before. Tokens, seconds
            and prices are those of the call that was made then.
        estimated_input_cost_usd: Price of the prompt, in US dollars: by the config's price, else by the one that the provider
            publishes for the model, cached tokens at theirs. Null where no price is known, or the
            number of tokens is not.
        estimated_output_cost_usd: Price of the answer, in US dollars, in the same way. Null where it is not known.
        custom_api_info: Trace of a call over the custom_api protocol.
        trajectory_ingest_error: Why an uploaded trajectory was dropped. Set by the server.
    """

    llm_model_config: LLMConfig | None = None
    duration_seconds: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    finish_reason: str | None = None
    answered_by_model: str | None = None
    waited_seconds: float | None = None
    cached: bool | None = None
    estimated_input_cost_usd: Annotated[float, Meta(ge=0.0)] | None = None
    estimated_output_cost_usd: Annotated[float, Meta(ge=0.0)] | None = None
    custom_api_info: CustomApiInfo | None = None
    trajectory_ingest_error: str | None = None

    __repr__ = one_line


from ..models.custom_api_info import CustomApiInfo  # noqa: E402
from ..models.llm_config import LLMConfig  # noqa: E402
