from __future__ import annotations

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset

from ..models.agent_results_error_kind import AgentResultsErrorKind


@define(kw_only=True)
class AgentResultsRejection:
    """400 body when nothing of an upload was stored.

    Attributes:
        kind: Why a whole agent-results upload was refused. The SDK acts only on unmatched_tasks.
        accepted_tasks: At most ten tasks that could be named. Presence of this key marks the structured rejection.
        accepted_tasks_total: All tasks of the experiment; null is read as 0.
        results: One reason per rejected result, capped like the errors of a successful upload.
    """

    kind: AgentResultsErrorKind
    accepted_tasks: list[AgentResultTaskRefOut]
    detail: str | Unset = UNSET
    accepted_tasks_total: int | None = None
    results: list[str] | None = None


from ..models.agent_result_task_ref_out import AgentResultTaskRefOut  # noqa: E402
