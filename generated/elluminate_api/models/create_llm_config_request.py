from __future__ import annotations

from typing import Annotated, Any

from attrs import define, field
from msgspec import Meta

from ..models.inference_type import InferenceType
from ..models.reasoning_effort import ReasoningEffort
from ..models.verbosity import Verbosity


@define(kw_only=True)
class CreateLLMConfigRequest:
    """New LLM config: the LLMConfig fields without id.

    Attributes:
        inference_type: Provider protocol behind an LLM config.
        timeout: Seconds.
        temperature: Not together with reasoning_effort.
        custom_api_config: Request template for generic providers.
        custom_response_parser: Python source that extracts the answer.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    llm_model_name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    api_key: Annotated[str, Meta(max_length=4096)] = field(repr=False)
    description: Annotated[str, Meta(max_length=10000)] = ""
    llm_base_url: Annotated[str, Meta(max_length=2048)] | None = None
    api_version: str | None = None
    max_connections: Annotated[int, Meta(ge=1, le=1000)] = 10
    inference_type: InferenceType = InferenceType.OPENAI
    max_retries: Annotated[int, Meta(ge=0, le=100)] | None = None
    timeout: Annotated[int, Meta(ge=1, le=36000)] | None = None
    system_message: str | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=2147483647)] | None = None
    top_p: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None
    temperature: Annotated[float, Meta(ge=0.0, le=2.0)] | None = None
    best_of: Annotated[int, Meta(ge=1, le=100)] | None = None
    top_k: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    reasoning_effort: ReasoningEffort | None = None
    verbosity: Verbosity | None = None
    custom_api_config: dict[str, Any] | None = None
    custom_response_parser: str | None = None
    input_price_per_mtok: Annotated[float, Meta(ge=0.0, le=1000000.0)] | None = None
    output_price_per_mtok: Annotated[float, Meta(ge=0.0, le=1000000.0)] | None = None
