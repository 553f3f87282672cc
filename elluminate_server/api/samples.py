"""Samples: the responses of experiments row by row, alone, compared, and as a map."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from elluminate_api import models
from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.samples import (
    Bounds,
    Sample,
    SampleResponse,
    change,
    grouped,
    ordered,
    share_criteria,
)
from elluminate_server.domain.verdicts import COMPLETE
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.reading.finding import see_experiment
from elluminate_server.reading.personas import load_persona_versions
from elluminate_server.reading.results import CategoricalFilters, filtered_prompts, parse_filters
from elluminate_server.reading.verdicts import load_accounts
from elluminate_server.store.tables import Experiment, Rating, Response

_BOUNDED = ("duration_seconds", "input_tokens", "output_tokens")


@operation("list_response_samples")
async def list_response_samples(call: Call) -> Answer:
    """The samples of one experiment that the filters let through."""
    asked = call.query
    async with call.read() as session:
        experiment = await see_experiment(session, call.project_id, asked["experiment_id"])
        samples = await _samples(session, experiment.id)
    if asked["exclude_perfect_responses"]:
        samples = [sample for sample in samples if not sample.is_perfect]
    if asked["show_only_annotated_responses"]:
        samples = [sample for sample in samples if sample.is_annotated]
    bounds = {name: Bounds(low=asked[f"{name}_min"], high=asked[f"{name}_max"]) for name in _BOUNDED}
    samples = [sample for sample in samples if sample.is_within(bounds)]
    if asked["sort_by"] is not None:
        samples = ordered(samples, str(asked["sort_by"]))
    return call.answer([_present(experiment.id, sample) for sample in samples])


@operation("list_comparison_samples")
async def list_comparison_samples(call: Call) -> Answer:
    """The samples of two experiments, those of a row together; with a filter, only of rows that changed so."""
    asked = call.query
    filters = parse_filters(asked["categorical_filters"])
    criteria = None if asked["criterion_ids"] is None else set(asked["criterion_ids"])
    wanted = None if asked["filter_samples_by"] is None else str(asked["filter_samples_by"])
    async with call.read() as session:
        a = await see_experiment(session, call.project_id, asked["experiment_a_id"])
        b = await see_experiment(session, call.project_id, asked["experiment_b_id"])
        of_a = {sample.entry_id: sample for sample in await _samples(session, a.id, filters)}
        of_b = {sample.entry_id: sample for sample in await _samples(session, b.id, filters)}
    alike = share_criteria(of_a.values(), of_b.values())
    presented: list[models.ResponsesSample] = []
    for entry_id in sorted(of_a.keys() | of_b.keys()):
        before, after = of_a.get(entry_id), of_b.get(entry_id)
        if wanted is not None and (
            before is None or after is None or change(before, after, criteria, share_criteria=alike) != wanted
        ):
            continue
        presented += [
            _present(experiment.id, sample)
            for experiment, sample in ((a, before), (b, after))
            if sample is not None
        ]
    return call.answer(presented)


def _present(experiment_id: int, sample: Sample) -> models.ResponsesSample:
    return models.ResponsesSample(
        experiment_id=experiment_id,
        template_variables_id=sample.entry_id,
        prompt_response_ids=[response.id for response in sample.responses],
    )


async def _samples(
    session: AsyncSession, experiment_id: int, filters: CategoricalFilters | None = None
) -> list[Sample]:
    """The samples of an experiment in the order of the rows, in a fixed number of queries."""
    chosen = await filtered_prompts(session, [experiment_id], filters) if filters else None
    verdicts: Mapping[int, list[tuple[int, bool]]] = defaultdict(list)
    for response_id, criterion_id, rating in await session.execute(
        select(Rating.response_id, Rating.criterion_id, Rating.rating)
        .join(Response, Response.id == Rating.response_id)
        .where(Response.experiment_id == experiment_id)
    ):
        verdicts[response_id].append((criterion_id, rating == "YES"))
    account = (await load_accounts(session, [experiment_id]))[experiment_id]
    found = await session.execute(
        select(
            Response.id,
            Response.entry_id,
            Response.prompt_id,
            Response.error,
            (Response.annotation != "").label("annotated"),
            Response.duration_seconds,
            Response.input_tokens,
            Response.output_tokens,
        ).where(Response.experiment_id == experiment_id)
    )
    return grouped(
        SampleResponse(
            id=row.id,
            entry_id=row.entry_id,
            verdicts=verdicts[row.id],
            lacks_verdicts=account.lack(row.id, row.entry_id, row.error, dict(verdicts[row.id]))
            is not COMPLETE,
            annotated=row.annotated,
            duration_seconds=row.duration_seconds,
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
        )
        for row in found
        if chosen is None or row.prompt_id in chosen
    )


@operation("get_experiment_map")
async def get_experiment_map(call: Call) -> Answer:
    """One page of samples, their responses summed up."""
    page, limit = call.query["page"], call.query["limit"]
    async with call.read() as session:
        experiment = await see_experiment(session, call.project_id, call.path["experiment_id"])
        of_samples = (
            select(Response.entry_id, Response.persona_version_id, func.count().label("responses"))
            .where(Response.experiment_id == experiment.id)
            .group_by(Response.entry_id, Response.persona_version_id)
        )
        counted = of_samples.subquery()
        num_samples, num_responses = (
            await session.execute(select(func.count(), func.sum(counted.c.responses)).select_from(counted))
        ).one()
        samples: list[models.ExperimentMapSample] = []
        if (page - 1) * limit < num_samples:  # the database cannot take any larger offset either
            found = await session.execute(
                of_samples.order_by(Response.entry_id, func.coalesce(Response.persona_version_id, 0))
                .limit(min(limit, num_samples))
                .offset((page - 1) * limit)
            )
            samples = await _map_samples(session, experiment, [(row[0], row[1]) for row in found])
    return call.answer(
        models.ExperimentMap(
            experiment_id=experiment.id,
            name=experiment.name,
            num_samples=num_samples,
            num_responses=int(num_responses or 0),
            samples=samples,
        )
    )


async def _map_samples(
    session: AsyncSession, experiment: Experiment, keys: Sequence[tuple[int, int | None]]
) -> list[models.ExperimentMapSample]:
    """Samples by row and persona version, in a fixed number of queries.

    Args:
        session: Where to read.
        experiment: Whose samples.
        keys: Row and persona version of each, in order; at least one.
    """
    within = (
        Response.experiment_id == experiment.id,
        Response.entry_id >= keys[0][0],
        Response.entry_id <= keys[-1][0],
    )
    counted = await session.execute(
        select(Rating.response_id, func.count(), func.sum(case((Rating.rating == "YES", 1), else_=0)))
        .join(Response, Response.id == Rating.response_id)
        .where(*within)
        .group_by(Rating.response_id)
    )
    ratings: dict[int, tuple[int, int]] = {row[0]: (row[1], row[2]) for row in counted}
    found = await session.execute(
        select(
            Response.id,
            Response.entry_id,
            Response.persona_version_id,
            Response.epoch,
            Response.agent_trial,
            Response.trajectory.is_not(None).label("has_trajectory"),
            Response.error.is_not(None).label("failed"),
        )
        .where(*within)
        .order_by(Response.epoch, Response.id)
    )
    samples: dict[tuple[int, int | None], list[models.ExperimentMapResponse]] = {key: [] for key in keys}
    for row in found:
        of_sample = samples.get((row.entry_id, row.persona_version_id))
        if of_sample is None:
            continue  # the row's other personas are on the page before or after
        count, passed = ratings.get(row.id, (0, 0))
        trial = row.agent_trial or {}
        of_sample.append(
            models.ExperimentMapResponse(
                response_id=row.id,
                epoch=row.epoch,
                task_name=trial.get("task_name"),
                has_trajectory=bool(row.has_trajectory),
                total_steps=trial.get("steps"),
                total_cost_usd=trial.get("cost_usd"),
                has_error=bool(row.failed),
                num_criteria_passed=passed if count else None,
                num_criteria_failed=count - passed if count else None,
            )
        )
    personas = await load_persona_versions(session, {persona for _, persona in keys if persona is not None})
    return [
        models.ExperimentMapSample(
            template_variables_id=entry_id, persona=personas.get(persona or 0), responses=responses
        )
        for (entry_id, persona), responses in samples.items()
    ]
