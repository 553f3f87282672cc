from __future__ import annotations

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset

from ..models.agent_results_error_kind import AgentResultsErrorKind
from ..types import one_line


@define(kw_only=True, repr=False)
class AgentResultsRejection:
    """Body of the 400 that an upload answers when nothing of it was stored.

    Attributes:
        kind: Whether no trial matched a task, or none of the matched ones could be stored.
        accepted_tasks: Tasks that could have been named, at most ten. The presence of this field marks this form.
        detail: What was wrong.
        accepted_tasks_total: Number of all tasks of the experiment. Null reads as 0.
        results: One reason per refused trial; a long list is cut.
    """

    kind: AgentResultsErrorKind
    accepted_tasks: list[AgentResultTaskRefOut]
    detail: str | Unset = UNSET
    accepted_tasks_total: int | None = None
    results: list[str] | None = None

    __repr__ = one_line


from ..models.agent_result_task_ref_out import AgentResultTaskRefOut  # noqa: E402
