from __future__ import annotations

from typing import Annotated, Any

from attrs import define, field
from msgspec import Meta


@define(kw_only=True)
class AgentTrialResult:
    """One trial of one task; task_id or task_name is non-null.

    Attributes:
        task_id: Row id from the definition; wins over the name.
        task_name: Needed when task_id is null.
        input_tokens: Includes cached_tokens.
        trajectory: ATIF document. A raw object passes through unchecked by the SDK, so the server has to
            validate it.
    """

    task_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    task_name: str | None = None
    messages: list[dict[str, Any]] = field(factory=list)
    reward: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None
    steps: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    cost_usd: Annotated[float, Meta(ge=0.0, le=1000000000.0)] | None = None
    duration_seconds: Annotated[float, Meta(ge=0.0, le=10000000000.0)] | None = None
    input_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    output_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    cached_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    error: str | None = None
    metadata: dict[str, Any] | None = None
    trajectory: dict[str, Any] | None = None
    criterion_ratings: list[CriterionRatingIn] = field(factory=list)


from ..models.criterion_rating_in import CriterionRatingIn  # noqa: E402
