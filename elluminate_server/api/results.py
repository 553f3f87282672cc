"""Results of experiments, computed from their responses and ratings in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

import msgspec
from elluminate_api import models
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.api.problems import Invalid, shown
from elluminate_server.api.response_queries import IN_ROW_ORDER
from elluminate_server.domain.aggregation import ResponseFacts, aggregate
from elluminate_server.domain.rendering import value_text
from elluminate_server.store.tables import Experiment, Prompt, Rating, Response

__all__ = ["CategoricalFilters", "filtered_prompts", "load_results", "parse_filters"]

CategoricalFilters = Mapping[str, Sequence[str]]
"""Column name to values: any of them inside a column, all columns together."""


def parse_filters(text: str | None) -> CategoricalFilters:
    """The filters of a `categorical_filters` parameter; none when it is absent or empty.

    Raises:
        Invalid: It is not a JSON object from column name to a list of values.
    """
    if not text:
        return {}
    try:
        raw = msgspec.json.decode(text.encode("utf-8"), type=dict[str, list[str | int | float | bool | None]])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise Invalid(
            f"The query parameter 'categorical_filters' is {shown(text)}; it has to be a JSON object from "
            'column name to a list of values, like {"region":["US"]}.'
        ) from None
    return {name: [value_text(value) for value in values] for name, values in raw.items()}


async def load_results(
    session: AsyncSession,
    experiments: Sequence[Experiment],
    row_counts: Mapping[int, int],
    filters: CategoricalFilters | None = None,
) -> dict[int, models.ExperimentResults]:
    """The results so far by experiment id; experiments without a response have none.

    Args:
        session: Where to read.
        experiments: Whose results.
        row_counts: Rows by collection id: how many responses make an epoch of a run that is not over.
        filters: Count only responses to rows with these values.
    """
    ids = [experiment.id for experiment in experiments]
    ratings: dict[int, list[tuple[int, Literal["YES", "NO"]]]] = defaultdict(list)
    for response_id, criterion_id, rating in await session.execute(
        select(Rating.response_id, Rating.criterion_id, Rating.rating)
        .join(Response, Response.id == Rating.response_id)
        .where(Response.experiment_id.in_(ids))
    ):
        ratings[response_id].append((criterion_id, cast(Literal["YES", "NO"], rating)))
    chosen = await filtered_prompts(session, ids, filters) if filters else None
    facts: dict[int, list[ResponseFacts]] = defaultdict(list)
    for row in await session.execute(
        select(
            Response.id,
            Response.experiment_id,
            Response.prompt_id,
            Response.error,
            Response.epoch,
            Response.duration_seconds,
            Response.input_tokens,
            Response.output_tokens,
            Response.reasoning_tokens,
            Response.input_price_per_mtok,
            Response.output_price_per_mtok,
        )
        .where(Response.experiment_id.in_(ids))
        .order_by(*IN_ROW_ORDER)
    ):
        if chosen is not None and row.prompt_id not in chosen:
            continue
        facts[row.experiment_id].append(
            ResponseFacts(
                ratings=ratings[row.id],
                failed=row.error is not None,
                epoch=row.epoch,
                duration_seconds=row.duration_seconds,
                input_tokens=row.input_tokens,
                output_tokens=row.output_tokens,
                reasoning_tokens=row.reasoning_tokens,
                input_price_per_mtok=row.input_price_per_mtok,
                output_price_per_mtok=row.output_price_per_mtok,
            )
        )
    results = {}
    for experiment in experiments:
        duration = None
        if experiment.started_at is not None and experiment.finished_at is not None:
            duration = (experiment.finished_at - experiment.started_at).total_seconds()
        running = experiment.generation_task_id is not None and not filters
        aggregated = aggregate(
            facts[experiment.id],
            rows=row_counts.get(experiment.collection_id) if running else None,
            experiment_duration_seconds=duration,
        )
        if aggregated is not None:
            results[experiment.id] = msgspec.convert(aggregated, models.ExperimentResults)
    return results


async def filtered_prompts(
    session: AsyncSession, experiment_ids: Sequence[int], filters: CategoricalFilters
) -> set[int]:
    """Ids of the experiments' prompts whose rows had the filters' values when they were rendered."""
    chosen = set()
    for prompt_id, values in await session.execute(
        select(Prompt.id, Prompt.input_values).where(Prompt.experiment_id.in_(experiment_ids))
    ):
        if all(_text(values, name) in allowed for name, allowed in filters.items()):
            chosen.add(prompt_id)
    return chosen


def _text(values: Mapping[str, Any], name: str) -> str | None:
    return value_text(values[name]) if name in values else None
