"""Experiments as the contract shows them, with their results."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
from elluminate_api import models
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate._collector import collector_at_rest
from elluminate_server.reading.kept_results import load_kept_results
from elluminate_server.reading.loading import (
    dropped_trajectories,
    load_collections,
    load_criterion_sets,
    load_llm_configs,
    load_prompt_templates,
)
from elluminate_server.reading.results import CategoricalFilters, load_results
from elluminate_server.reading.results_so_far import ResultsSoFar
from elluminate_server.store.tables import Experiment, LogLine, PromptTemplate, Task

__all__ = ["experiments_of_project", "load_experiment", "load_experiments"]


async def load_experiments(
    session: AsyncSession,
    rows: Sequence[Experiment],
    filters: CategoricalFilters | None = None,
    so_far: ResultsSoFar | None = None,
) -> list[models.Experiment]:
    """Experiments as the contract shows them, with their results so far and without responses.

    Args:
        session: Where to read.
        rows: The experiments.
        filters: Count only responses to rows with these values.
        so_far: Where the results of those that run may be found; they are some seconds old. None counts anew.
    """
    collections = await load_collections(session, [row.collection_id for row in rows])
    sets = await load_criterion_sets(session, [row.criterion_set_id for row in rows])
    templates = await load_prompt_templates(session, [row.prompt_template_id for row in rows])
    configs = await load_llm_configs(session, [row.llm_config_id for row in rows])
    counts = {collection_id: loaded.shown.variables_count for collection_id, loaded in collections.items()}
    over = [] if filters else [row.id for row in rows if row.generation_task_id is None]
    kept = await load_kept_results(session, over)
    wanted = [row for row in rows if row.id not in kept]
    with collector_at_rest():
        if so_far is None or filters:
            results = await load_results(session, wanted, counts, filters)
        else:
            results = await so_far.load(session, wanted, counts)
    # Only what agents did has trajectories, and to look through all responses of the others would take long.
    agentic = [row.id for row in rows if row.evaluation_mode == models.EvaluationMode.AGENTIC]
    dropped = await dropped_trajectories(session, agentic) if agentic else {}
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
            cache_seconds=row.cache_seconds,
            answers_from_elsewhere=bool(row.answers_from_elsewhere),
            # What is kept is JSON, and goes out as it is.
            results=cast(models.ExperimentResults, kept[row.id]) if row.id in kept else results.get(row.id),
            evaluation_mode=models.EvaluationMode(row.evaluation_mode),
            agent_config=row.agent_config,
            evaluation_agent_config=row.evaluation_agent_config,
            dropped_trajectories=dropped.get(row.id, 0),
        )
        for row in rows
    ]


async def load_experiment(
    session: AsyncSession,
    row: Experiment,
    filters: CategoricalFilters | None = None,
    so_far: ResultsSoFar | None = None,
) -> models.Experiment:
    """One experiment as the contract shows it, with results and logs; see `load_experiments`."""
    (experiment,) = await load_experiments(session, [row], filters, so_far)
    lines = await session.scalars(
        select(LogLine.line)
        .join(Task, Task.id == LogLine.task_id)
        .where(Task.experiment_id == row.id)
        .order_by(LogLine.id)
    )
    experiment.logs = "\n".join(lines) or None
    return experiment


def experiments_of_project(project_id: int, asked: Mapping[str, Any]) -> Select[Experiment]:
    """A query of experiments, without an order.

    Args:
        project_id: Where.
        asked: What they have to have, by the names of the contract's parameters; None, and what is absent, for any.
    """
    query = select(Experiment).where(Experiment.project_id == project_id, Experiment.deleted_at.is_(None))
    for name, column in (
        ("experiment_name", Experiment.name),
        ("prompt_template_id", Experiment.prompt_template_id),
        ("collection_id", Experiment.collection_id),
        ("llm_config_id", Experiment.llm_config_id),
    ):
        if asked.get(name) is not None:
            query = query.where(cast(Any, column) == asked[name])
    if asked.get("experiment_name_search"):
        query = query.where(Experiment.name.icontains(asked["experiment_name_search"], autoescape=True))
    if asked.get("date_from") is not None:
        query = query.where(Experiment.created_at >= asked["date_from"])
    if asked.get("date_to") is not None:
        query = query.where(Experiment.created_at <= asked["date_to"])
    if asked.get("prompt_template_name") is not None:
        query = query.join(PromptTemplate, PromptTemplate.id == Experiment.prompt_template_id).where(
            PromptTemplate.name == asked["prompt_template_name"]
        )
    return query


def _params(row: Experiment) -> models.GenerationParams | None:
    if row.generation_params is None:
        return None
    return msgspec.convert(row.generation_params, models.GenerationParams)
