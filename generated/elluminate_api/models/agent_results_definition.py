from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class AgentResultsDefinition:
    """Tasks and criteria that an upload refers to.

    Attributes:
        version: Version of this format. Always 1.
        task_name_column: Column that holds the names of the tasks.
        tasks: Tasks in order of the rows.
    """

    version: int
    task_name_column: str
    tasks: list[AgentResultTaskDefinition]

    __repr__ = one_line


from ..models.agent_result_task_definition import AgentResultTaskDefinition  # noqa: E402
