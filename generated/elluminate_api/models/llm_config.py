from __future__ import annotations

from typing import Annotated, Any

from attrs import define, field
from msgspec import Meta

from ..models.inference_type import InferenceType
from ..models.reasoning_effort import ReasoningEffort
from ..models.verbosity import Verbosity


@define(kw_only=True)
class LLMConfig:
    """Model and provider settings. Also embedded in generation metadata, where a locally built one has a
    null id. description, max_connections and inference_type must not be null.

    Attributes:
        inference_type: Provider protocol behind an LLM config.
        timeout: Seconds.
        temperature: Not together with reasoning_effort.
        custom_api_config: Request template for generic providers.
        custom_response_parser: Python source that extracts the answer.
    """

    id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    name: str | None = None
    description: str = ""
    llm_model_name: str | None = None
    llm_base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    api_version: str | None = None
    max_connections: int = 10
    inference_type: InferenceType = InferenceType.OPENAI
    max_retries: int | None = None
    timeout: int | None = None
    system_message: str | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    temperature: float | None = None
    best_of: int | None = None
    top_k: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    reasoning_effort: ReasoningEffort | None = None
    verbosity: Verbosity | None = None
    custom_api_config: dict[str, Any] | None = None
    custom_response_parser: str | None = None
    input_price_per_mtok: float | None = None
    output_price_per_mtok: float | None = None
