"""Tasks and criteria of AGENTIC experiments: frozen at creation, read by everything that stores results."""

from typing import Any

import msgspec
from elluminate_api import models

from elluminate_server.domain.agent_trials import TASK_COLUMN, Task
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.writing.frozen_tasks import load_tasks

_VERSION = 1


@operation("get_agent_results_definition")
async def get_agent_results_definition(call: Call) -> Answer:
    """The frozen tasks with their criteria."""
    async with call.read() as session:
        tasks = await load_tasks(session, call.project_id, call.path["experiment_id"])
    return call.answer(
        models.AgentResultsDefinition(
            version=_VERSION,
            task_name_column=TASK_COLUMN,
            tasks=[_present_task(task, tasks.rows[task.id].criteria) for task in tasks.index.tasks],
        )
    )


def _present_task(task: Task, criteria: list[dict[str, Any]]) -> models.AgentResultTaskDefinition:
    renamed = task.current_name is not None and task.current_name != task.name
    return models.AgentResultTaskDefinition(
        task_id=task.id,
        task_name=task.name,
        criteria=msgspec.convert(criteria, list[models.AgentResultCriterionDefinition]),
        row_exists=task.row_exists,
        current_task_name=task.current_name if renamed else None,
    )
