from __future__ import annotations

from attrs import define


@define(kw_only=True)
class AgentResultsDefinition:
    """Tasks and criteria an upload may refer to.

    Attributes:
        version: Format of the snapshot; always 1.
    """

    version: int
    task_name_column: str
    tasks: list[AgentResultTaskDefinition]


from ..models.agent_result_task_definition import AgentResultTaskDefinition  # noqa: E402
