from __future__ import annotations

from attrs import define, field

from ..types import one_line


@define(kw_only=True, repr=False)
class ExperimentResults:
    """Aggregates over the rated responses of an experiment. The lists have one entry per response and no
    nulls. While a run over hundreds of rows goes on, they may be some seconds old; once it is over,
    they are of what there is.

    Attributes:
        mean_all_ratings: Shares over all ratings, each rating counted once.
        mean_rating_by_criterion_id: Shares per criterion. The keys are criterion ids as decimal text.
        input_tokens_per_response: Tokens of each prompt.
        output_tokens_per_response: Tokens of each answer.
        duration_seconds_per_response: Duration of each call, in seconds.
        num_rated_responses: Number of responses with at least one rating.
        num_failed_responses: Number of responses whose generation failed.
        std_all_ratings: Always 0; kept for older readers.
        mean_duration_seconds: Mean duration of a call, in seconds.
        mean_input_tokens: Mean tokens per prompt.
        mean_output_tokens: Mean tokens per answer.
        mean_reasoning_tokens: Mean tokens of reasoning per answer.
        reasoning_tokens_per_response: Tokens of reasoning of each answer.
        completed_epochs: Number of epochs that are complete.
        experiment_duration_seconds: From the start of the run to its end, in seconds.
        estimated_input_cost_usd: Price of the prompts, in US dollars, as far as it is known: answer_costs tells how far that
            is.
        estimated_output_cost_usd: Price of the answers, in US dollars, as far as it is known.
        estimated_total_cost_usd: Sum of the two, and of what agents report as one number. Without the judge.
        answer_costs: What the answers came to that did not fail.
        judge_costs: What the verdicts on them came to, given by a model or uploaded.
        verdicts: What became of the verdicts that the answers should have, over all criteria.
        verdicts_by_criterion_id: The same per criterion, in the order of the set, those without any verdict included. The
            keys are criterion ids as decimal text.
        num_truncated_responses: Number of answers that ended at the limit of tokens, so that their end is missing.
        num_refused_responses: Number of answers that the model refused to give, or that the provider's content filter cut
            off.
        num_empty_responses: Number of answers without any text or tool call.
        num_cached_responses: Number of answers for which no model was asked, because an equal call had been answered
            before.
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
    answer_costs: ModelCosts | None = None
    judge_costs: ModelCosts | None = None
    verdicts: VerdictCounts | None = None
    verdicts_by_criterion_id: dict[str, VerdictCounts] | None = None
    num_truncated_responses: int | None = None
    num_refused_responses: int | None = None
    num_empty_responses: int | None = None
    num_cached_responses: int | None = None

    __repr__ = one_line


from ..models.mean_rating import MeanRating  # noqa: E402
from ..models.model_costs import ModelCosts  # noqa: E402
from ..models.verdict_counts import VerdictCounts  # noqa: E402
