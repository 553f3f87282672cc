"""Experiments: read with their results, deleted."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec
from elluminate_api import models
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.api.finding import (
    find_experiment,
)
from elluminate_server.api.http import Answer, Call, operation
from elluminate_server.api.loading import (
    dropped_trajectories,
    load_collections,
    load_criterion_sets,
    load_llm_configs,
    load_prompt_templates,
)
from elluminate_server.api.older_clients import readable
from elluminate_server.api.pages import page_of, paged
from elluminate_server.api.results import CategoricalFilters, load_results, parse_filters
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import (
    Experiment,
    LogLine,
    PromptTemplate,
    Task,
    WorkItem,
)

__all__ = ["load_experiment", "load_experiments"]

PAGE_SIZE = 25
"""Most experiments of a page: each comes with numbers of every one of its responses."""

_UNFINISHED = ("PENDING", "STARTED")


@operation("list_experiments")
async def list_experiments(call: Call) -> Answer:
    """Newest first."""
    asked = call.query
    query = select(Experiment).where(Experiment.project_id == call.project_id)
    for name, column in (
        ("experiment_name", Experiment.name),
        ("prompt_template_id", Experiment.prompt_template_id),
        ("collection_id", Experiment.collection_id),
        ("llm_config_id", Experiment.llm_config_id),
    ):
        if asked[name] is not None:
            query = query.where(cast(Any, column) == asked[name])
    if asked["experiment_name_search"]:
        query = query.where(Experiment.name.icontains(asked["experiment_name_search"], autoescape=True))
    if asked["date_from"] is not None:
        query = query.where(Experiment.created_at >= _in_utc(asked["date_from"]))
    if asked["date_to"] is not None:
        query = query.where(Experiment.created_at <= _in_utc(asked["date_to"]))
    if asked["prompt_template_name"] is not None:
        query = query.join(PromptTemplate, PromptTemplate.id == Experiment.prompt_template_id).where(
            PromptTemplate.name == asked["prompt_template_name"]
        )
    if asked["created_by_schedule_id"] is not None:
        # There are no schedules here, so that none made an experiment.
        query = query.where(Experiment.id == 0)
    size = min(PAGE_SIZE, call.settings.page_size)
    async with call.read() as session:
        rows, count = await page_of(call, session, query, Experiment.id.desc(), size=size)
        return call.answer(paged(readable(call, await load_experiments(session, rows)), count))


def _in_utc(moment: Any) -> Any:
    # A time without a zone is taken as UTC, as every time that this server shows.
    return moment.replace(tzinfo=utc_now().tzinfo) if moment.tzinfo is None else moment


async def load_experiments(
    session: AsyncSession, rows: Sequence[Experiment], filters: CategoricalFilters | None = None
) -> list[models.Experiment]:
    """Experiments as the contract shows them, with their results so far and without responses."""
    collections = await load_collections(session, [row.collection_id for row in rows])
    sets = await load_criterion_sets(session, [row.criterion_set_id for row in rows])
    templates = await load_prompt_templates(session, [row.prompt_template_id for row in rows])
    configs = await load_llm_configs(session, [row.llm_config_id for row in rows])
    counts = {one: loaded.shown.variables_count for one, loaded in collections.items()}
    results = await load_results(session, rows, counts, filters)
    dropped = await dropped_trajectories(session, [row.id for row in rows])
    return [
        models.Experiment(
            id=row.id,
            name=row.name,
            description=row.description,
            prompt_template=templates.get(row.prompt_template_id or 0),
            collection=collections[row.collection_id].shown,
            criterion_set=sets[row.criterion_set_id],
            llm_config=configs.get(row.llm_config_id or 0),
            rating_version=row.rating_version,
            created_at=row.created_at,
            updated_at=row.updated_at,
            generation_task_id=row.generation_task_id,
            has_internal_error=row.has_internal_error,
            generation_params=_params(row),
            n_epochs=row.n_epochs,
            response_column_id=row.response_column_id,
            results=results.get(row.id),
            evaluation_mode=models.EvaluationMode(row.evaluation_mode),
            agent_config=row.agent_config,
            evaluation_agent_config=row.evaluation_agent_config,
            dropped_trajectories=dropped.get(row.id, 0),
        )
        for row in rows
    ]


async def load_experiment(
    session: AsyncSession, row: Experiment, filters: CategoricalFilters | None = None
) -> models.Experiment:
    """One experiment as the contract shows it, with results and logs."""
    (shown,) = await load_experiments(session, [row], filters)
    lines = await session.scalars(
        select(LogLine.line)
        .join(Task, Task.id == LogLine.task_id)
        .where(Task.experiment_id == row.id)
        .order_by(LogLine.id)
    )
    shown.logs = "\n".join(lines) or None
    return shown


def _params(row: Experiment) -> models.GenerationParams | None:
    if row.generation_params is None:
        return None
    return msgspec.convert(row.generation_params, models.GenerationParams)


@operation("get_experiment")
async def get_experiment(call: Call) -> Answer:
    """One experiment; filters narrow its results."""
    filters = parse_filters(call.query["categorical_filters"])
    async with call.read() as session:
        row = await find_experiment(session, call.project_id, call.path["experiment_id"])
        (shown,) = readable(call, [await load_experiment(session, row, filters)])
        return call.answer(shown)


@operation("delete_experiment")
async def delete_experiment(call: Call) -> Answer:
    """Revoke what runs, then delete everything that came of it."""
    async with call.write() as session:
        row = await find_experiment(session, call.project_id, call.path["experiment_id"])
        tasks = select(Task.id).where(Task.experiment_id == row.id)
        await session.execute(
            update(Task)
            .where(Task.experiment_id == row.id, Task.status.in_(_UNFINISHED))
            .values(
                status="REVOKED",
                error_msg=f"Experiment {row.name!r} was deleted.",
                finished_at=utc_now(),
                lease_owner=None,
                lease_expires_at=None,
            )
            .execution_options(synchronize_session=False)
        )
        for table in (WorkItem, LogLine):
            await session.execute(
                delete(table).where(table.task_id.in_(tasks)).execution_options(synchronize_session=False)
            )
        await session.execute(delete(Experiment).where(Experiment.id == row.id))
        call.on_commit(call.executor.wake)
        return call.answer()
