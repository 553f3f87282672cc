from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class ResponsesStats:
    """Usage over a period of days.

    Attributes:
        total_responses: Number of responses.
        total_input_tokens: Tokens of all prompts.
        total_output_tokens: Tokens of all answers.
        average_input_tokens: Mean tokens per prompt. 0 without responses.
        average_output_tokens: Mean tokens per answer. 0 without responses.
        daily_usage: One entry per day, oldest first.
        average_duration_seconds: Mean duration of a call, in seconds. Null without responses.
        min_duration_seconds: Shortest call, in seconds. Null without responses.
        max_duration_seconds: Longest call, in seconds. Null without responses.
        average_rating: Share of YES among the ratings, 0 to 1. Null without ratings.
    """

    total_responses: int
    total_input_tokens: int
    total_output_tokens: int
    average_input_tokens: float
    average_output_tokens: float
    daily_usage: list[DailyUsageStats]
    average_duration_seconds: float | None = None
    min_duration_seconds: float | None = None
    max_duration_seconds: float | None = None
    average_rating: float | None = None

    __repr__ = one_line


from ..models.daily_usage_stats import DailyUsageStats  # noqa: E402
