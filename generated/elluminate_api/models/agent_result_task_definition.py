from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class AgentResultTaskDefinition:
    """Task as it was frozen.

    Attributes:
        task_id: Id of the row.
        task_name: Name of the task when the experiment was created.
        criteria: Criteria of the task.
        row_exists: False once the row was deleted; nothing can be stored for it then.
        current_task_name: Present name of the task, where it changed.
    """

    task_id: int
    task_name: str
    criteria: list[AgentResultCriterionDefinition]
    row_exists: bool = True
    current_task_name: str | None = None

    __repr__ = one_line


from ..models.agent_result_criterion_definition import AgentResultCriterionDefinition  # noqa: E402
