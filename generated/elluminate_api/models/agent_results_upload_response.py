from __future__ import annotations

from attrs import define, field


@define(kw_only=True)
class AgentResultsUploadResponse:
    """What an upload created.

    Attributes:
        errors: Per-result problems of an otherwise stored upload. A message holding the words 'trajectory
            dropped' makes the SDK add a format hint.
        evaluation_task_id: Task to wait for, null when none was queued.
    """

    created_responses: int
    created_ratings: int
    errors: list[str] = field(factory=list)
    pending_evaluations: int = 0
    evaluation_task_id: str | None = None
