from __future__ import annotations

from attrs import define


@define(kw_only=True)
class ExperimentMapResponse:
    """Summary of one response."""

    response_id: int
    epoch: int
    has_trajectory: bool
    has_error: bool
    task_name: str | None = None
    total_steps: int | None = None
    total_cost_usd: float | None = None
    num_criteria_passed: int | None = None
    num_criteria_failed: int | None = None
