from __future__ import annotations

from attrs import define


@define(kw_only=True)
class ResponsesStats:
    """Usage over a period."""

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


from ..models.daily_usage_stats import DailyUsageStats  # noqa: E402
