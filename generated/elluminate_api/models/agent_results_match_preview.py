from __future__ import annotations

from attrs import define


@define(kw_only=True)
class AgentResultsMatchPreview:
    """Matching an upload would perform.

    Attributes:
        task_name_column: Key must be present.
    """

    task_name_column: str | None
    matched: int
    unmatched: int
    results: list[AgentResultMatch]


from ..models.agent_result_match import AgentResultMatch  # noqa: E402
