from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class ExperimentMapResponse:
    """Summary of one response.

    Attributes:
        response_id: Id of the response.
        epoch: Number of the run over the collection, counted from 1.
        has_trajectory: True when the response has a trajectory.
        has_error: True when the generation failed.
        task_name: Name of the agent's task.
        total_steps: Number of steps of the agent.
        total_cost_usd: Cost of the agent, in US dollars.
        num_criteria_passed: Number of YES verdicts. Null before the rating.
        num_criteria_failed: Number of NO verdicts. Null before the rating.
    """

    response_id: int
    epoch: int
    has_trajectory: bool
    has_error: bool
    task_name: str | None = None
    total_steps: int | None = None
    total_cost_usd: float | None = None
    num_criteria_passed: int | None = None
    num_criteria_failed: int | None = None

    __repr__ = one_line
