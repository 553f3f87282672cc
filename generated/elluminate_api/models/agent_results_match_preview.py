from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class AgentResultsMatchPreview:
    """How an upload would be matched.

    Attributes:
        task_name_column: Column that holds the names of the tasks. Always present; null when there is none.
        matched: Number of trials that have a task.
        unmatched: Number of trials that have none.
        results: Match of every trial, in the order of the request.
    """

    task_name_column: str | None
    matched: int
    unmatched: int
    results: list[AgentResultMatch]

    __repr__ = one_line


from ..models.agent_result_match import AgentResultMatch  # noqa: E402
