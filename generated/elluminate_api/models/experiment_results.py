from __future__ import annotations

from attrs import define, field


@define(kw_only=True)
class ExperimentResults:
    """Aggregates of an experiment. The per-response lists hold no nulls.

    Attributes:
        mean_all_ratings: Shares of yes and no verdicts, 0 to 1.
        mean_rating_by_criterion_id: Keys are criterion ids as decimal strings.
        num_failed_responses: Responses whose generation failed at the LLM API.
    """

    mean_all_ratings: MeanRating
    mean_rating_by_criterion_id: dict[str, MeanRating]
    input_tokens_per_response: list[int]
    output_tokens_per_response: list[int]
    duration_seconds_per_response: list[float]
    num_rated_responses: int
    num_failed_responses: int
    std_all_ratings: float = 0.0
    mean_duration_seconds: float | None = None
    mean_input_tokens: float | None = None
    mean_output_tokens: float | None = None
    mean_reasoning_tokens: float | None = None
    reasoning_tokens_per_response: list[int] = field(factory=list)
    completed_epochs: int = 1
    experiment_duration_seconds: float | None = None
    estimated_input_cost_usd: float = 0.0
    estimated_output_cost_usd: float = 0.0
    estimated_total_cost_usd: float = 0.0


from ..models.mean_rating import MeanRating  # noqa: E402
