from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import Meta

from ..models.atif_step_source import ATIFStepSource


@define(kw_only=True)
class ATIFStep:
    """One step."""

    step_id: Annotated[int, Meta(ge=1, le=9007199254740991)]
    source: ATIFStepSource
    message: str | list[dict[str, Any]]
    timestamp: str | None = None
    model_name: Annotated[str, Meta(max_length=256)] | None = None
    reasoning_effort: str | float | None = None
    reasoning_content: str | None = None
    tool_calls: list[ATIFToolCall] | None = None
    observation: ATIFObservation | None = None
    metrics: ATIFStepMetrics | None = None
    llm_call_count: int | None = None
    is_copied_context: bool | None = None
    extra: dict[str, Any] | None = None


from ..models.atif_observation import ATIFObservation  # noqa: E402
from ..models.atif_step_metrics import ATIFStepMetrics  # noqa: E402
from ..models.atif_tool_call import ATIFToolCall  # noqa: E402
