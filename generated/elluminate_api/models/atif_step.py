from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import Meta

from ..models.atif_step_source import ATIFStepSource
from ..types import one_line


@define(kw_only=True, repr=False)
class ATIFStep:
    """One step of a trajectory. Fields about a model belong to steps of the agent only.

    Attributes:
        step_id: Number of the step, counted from 1 without gaps.
        source: Who took the step.
        message: Text, or a list of parts. May be empty.
        timestamp: When the step was taken, ISO 8601. At most 100 characters.
        model_name: Model that took the step, at most 256 characters.
        reasoning_effort: How much the model was allowed to think, as its provider names it.
        reasoning_content: What the model thought.
        tool_calls: Tool calls of the step. At most 10000.
        observation: What the agent saw after the step.
        metrics: Cost of the step.
        llm_call_count: Number of model calls in the step, 0 to 2147483647. With 0 there are no metrics and no
            reasoning.
        is_copied_context: True when the step repeats an earlier trajectory.
        extra: Further information.
    """

    step_id: Annotated[int, Meta(ge=1, le=9007199254740991)]
    source: ATIFStepSource
    message: (
        Annotated[str, Meta(max_length=10000000)] | Annotated[list[dict[str, Any]], Meta(max_length=10000)]
    )
    timestamp: Annotated[str, Meta(max_length=100)] | None = None
    model_name: Annotated[str, Meta(max_length=256)] | None = None
    reasoning_effort: Annotated[str, Meta(max_length=100)] | float | None = None
    reasoning_content: Annotated[str, Meta(max_length=10000000)] | None = None
    tool_calls: Annotated[list[ATIFToolCall], Meta(max_length=10000)] | None = None
    observation: ATIFObservation | None = None
    metrics: ATIFStepMetrics | None = None
    llm_call_count: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    is_copied_context: bool | None = None
    extra: dict[str, Any] | None = None

    __repr__ = one_line


from ..models.atif_observation import ATIFObservation  # noqa: E402
from ..models.atif_step_metrics import ATIFStepMetrics  # noqa: E402
from ..models.atif_tool_call import ATIFToolCall  # noqa: E402
