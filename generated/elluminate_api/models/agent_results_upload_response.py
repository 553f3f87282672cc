from __future__ import annotations

from attrs import define, field

from ..types import one_line


@define(kw_only=True, repr=False)
class AgentResultsUploadResponse:
    """What an upload stored.

    Attributes:
        created_responses: Number of stored responses.
        created_ratings: Number of stored verdicts.
        errors: Problems of single trials. One with the words trajectory dropped means that the rest of its
            trial stayed.
        pending_evaluations: Number of trajectories that will be evaluated.
        evaluation_task_id: Id of the task that evaluates. Null when there is none.
    """

    created_responses: int
    created_ratings: int
    errors: list[str] = field(factory=list)
    pending_evaluations: int = 0
    evaluation_task_id: str | None = None

    __repr__ = one_line
