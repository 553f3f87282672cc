from __future__ import annotations

from attrs import define


@define(kw_only=True)
class AgentResultTaskDefinition:
    """Frozen task.

    Attributes:
        row_exists: false once the row was deleted; nothing can be stored for it.
        current_task_name: Set when the row was renamed after the freeze.
    """

    task_id: int
    task_name: str
    criteria: list[AgentResultCriterionDefinition]
    row_exists: bool = True
    current_task_name: str | None = None


from ..models.agent_result_criterion_definition import AgentResultCriterionDefinition  # noqa: E402
