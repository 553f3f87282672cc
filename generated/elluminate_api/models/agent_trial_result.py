from __future__ import annotations

from typing import Annotated, Any

from attrs import define, field
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class AgentTrialResult:
    """One trial of one task. At least one of task_id and task_name is given.

    Attributes:
        task_id: Id of the row in the definition. Counts before the name.
        task_name: Name of the task, at most 10000 characters.
        messages: Conversation of the agent, in order. At most 10000.
        reward: Reward of the trial, 0 to 1.
        steps: Number of steps, 0 to 2147483647.
        cost_usd: Cost in US dollars, 0 to 1000000000.
        duration_seconds: Duration in seconds, 0 to 10000000000.
        input_tokens: Tokens of all prompts, cached ones included. 0 to 2147483647.
        output_tokens: Tokens of all answers. 0 to 2147483647.
        cached_tokens: Cached tokens of all prompts. 0 to 2147483647.
        error: Why the trial failed. At most 1000000 characters.
        metadata: Further information.
        trajectory: Trajectory of the agent. Every object is taken and checked on its own: an invalid one is
            dropped, and the trial stays.
        criterion_ratings: Verdicts on the trial. At most 10000.
    """

    task_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    task_name: Annotated[str, Meta(max_length=10000)] | None = None
    messages: Annotated[list[dict[str, Any]], Meta(max_length=10000)] = field(factory=list)
    reward: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None
    steps: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    cost_usd: Annotated[float, Meta(ge=0.0, le=1000000000.0)] | None = None
    duration_seconds: Annotated[float, Meta(ge=0.0, le=10000000000.0)] | None = None
    input_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    output_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    cached_tokens: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    error: Annotated[str, Meta(max_length=1000000)] | None = None
    metadata: dict[str, Any] | None = None
    trajectory: dict[str, Any] | None = None
    criterion_ratings: Annotated[list[CriterionRatingIn], Meta(max_length=10000)] = field(factory=list)

    __repr__ = one_line


from ..models.criterion_rating_in import CriterionRatingIn  # noqa: E402
