from __future__ import annotations

from attrs import define


@define(kw_only=True)
class GenerationMetadata:
    """How a response or rating was produced.

    Attributes:
        input_tokens: Includes cached_tokens.
        output_tokens: Includes reasoning_tokens.
        trajectory_ingest_error: Server-set reason why an uploaded trajectory was dropped.
    """

    llm_model_config: LLMConfig | None = None
    duration_seconds: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    custom_api_info: CustomApiInfo | None = None
    trajectory_ingest_error: str | None = None


from ..models.custom_api_info import CustomApiInfo  # noqa: E402
from ..models.llm_config import LLMConfig  # noqa: E402
