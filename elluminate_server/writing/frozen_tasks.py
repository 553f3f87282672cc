"""Tasks and criteria of AGENTIC experiments: frozen at creation, read by everything that stores results."""

import attrs
import msgspec
from elluminate_api import models
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.agent_trials import TASK_COLUMN, Task, TaskIndex
from elluminate_server.domain.criteria import render_criterion
from elluminate_server.http.problems import BadRequest, Invalid
from elluminate_server.reading.finding import see_experiment
from elluminate_server.reading.loading import columns_of, current_criteria
from elluminate_server.reading.presenting import row_values
from elluminate_server.store.chunks import chunks
from elluminate_server.store.tables import AgentTask, Collection, Entry, Experiment

__all__ = ["FrozenTasks", "check_agentic", "freeze_tasks", "load_tasks"]


def check_agentic(request: models.CreateExperimentRequest) -> int:
    """Refuse what an AGENTIC experiment cannot have; the id of its collection.

    Raises:
        Invalid: Names the field.
    """
    for name, value in (
        ("prompt_template_id", request.prompt_template_id),
        ("scenario_set_id", request.scenario_set_id),
        ("persona_group_id", request.persona_group_id),
        ("response_column_id", request.response_column_id),
        ("generation_params", request.generation_params),
        ("generate", request.generate or None),
        ("n_epochs", None if request.n_epochs == 1 else request.n_epochs),
    ):
        if value is not None:
            raise Invalid(
                f"$.{name}: an AGENTIC experiment has none, because no model is asked: agents run elsewhere, and their "
                "results are uploaded."
            )
    if request.collection_id is None:
        raise Invalid("$.collection_id: an AGENTIC experiment needs a collection, which holds its tasks.")
    return request.collection_id


async def freeze_tasks(session: AsyncSession, experiment: Experiment, collection: Collection) -> None:
    """Note the collection's tasks and the experiment's criteria as they are now.

    Raises:
        Invalid: The collection is of another type, or has no rows.
    """
    if collection.collection_type != models.CollectionType.AGENTIC:
        raise Invalid(
            f"$.collection_id: an AGENTIC experiment needs an AGENTIC collection, and {collection.name!r} is "
            f"{collection.collection_type}."
        )
    columns = await columns_of(session, collection.id)
    prompts = [column.name for column in columns if column.column_type == models.ColumnType.RAW_INPUT]
    criteria = await current_criteria(session, experiment.criterion_set_id)
    entries = await session.scalars(
        select(Entry)
        .where(Entry.collection_id == collection.id, Entry.deleted_at.is_(None))
        .order_by(Entry.id)
    )
    frozen: list[AgentTask] = []
    for entry in entries:
        values = row_values(entry.input_values, columns)
        definitions = [
            models.AgentResultCriterionDefinition(
                criterion_id=criterion.id,
                label=criterion.label,
                scope=models.CriterionScope.SHARED
                if criterion.entry_id is None
                else models.CriterionScope.TASK,
                rendered_criterion_str=render_criterion(criterion.criterion_str, values),
            )
            for criterion in criteria
            if criterion.entry_id in (None, entry.id)
        ]
        frozen.append(
            AgentTask(
                experiment_id=experiment.id,
                entry_id=entry.id,
                entry_identity=entry.identity,
                task_name=values[TASK_COLUMN],
                input_values=values,
                messages=[{"role": "user", "content": values[name]} for name in prompts if values[name]],
                criteria=msgspec.to_builtins(definitions, str_keys=True),
            )
        )
    if not frozen:
        raise Invalid(
            f"$.collection_id: collection {collection.name!r} has no rows. The tasks of an AGENTIC experiment are "
            "those that its collection has when it is created: add rows first."
        )
    for chunk in chunks(frozen):
        session.add_all(chunk)
        await session.flush()


@attrs.frozen
class FrozenTasks:
    """The tasks of one experiment, in the order of their rows."""

    rows: dict[int, AgentTask]
    index: TaskIndex


async def load_tasks(session: AsyncSession, project_id: int, experiment_id: int) -> FrozenTasks:
    """What was frozen for an experiment, and what its rows are now.

    Raises:
        BadRequest: Nothing was frozen, because it is no AGENTIC experiment.
    """
    experiment = await see_experiment(session, project_id, experiment_id)
    found = (
        await session.execute(
            select(AgentTask, Entry.input_values, Entry.deleted_at)
            .join(Entry, Entry.id == AgentTask.entry_id)
            .where(AgentTask.experiment_id == experiment.id)
            .order_by(AgentTask.entry_id)
        )
    ).all()
    if not found:
        raise BadRequest(
            f"Experiment {experiment.name!r} is {experiment.evaluation_mode} and has no frozen tasks: agents' results "
            "belong to experiments that were created with evaluation_mode AGENTIC."
        )
    return FrozenTasks(
        rows={task.entry_id: task for task, _, _ in found},
        index=TaskIndex(
            Task(
                id=task.entry_id,
                name=task.task_name,
                current_name=None if deleted_at is not None else values.get(TASK_COLUMN, task.task_name),
            )
            for task, values, deleted_at in found
        ),
    )
