"""Results of experiments, computed from their responses and ratings in a fixed number of queries."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs
import msgspec
from elluminate_api import models
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.aggregation import ResponseFacts, Spent, aggregate
from elluminate_server.domain.rendering import value_text
from elluminate_server.http.problems import Invalid, quoted
from elluminate_server.reading.responses import IN_ROW_ORDER
from elluminate_server.reading.verdicts import Unanswered, VerdictAccount, load_accounts
from elluminate_server.store.rows import fetch_by_ids
from elluminate_server.store.tables import CollectionColumn, Entry, Experiment, Prompt, Rating, Response

__all__ = ["CategoricalFilters", "filtered_prompts", "load_results", "parse_filters"]

CategoricalFilters = Mapping[str, Sequence[str]]
"""Column name to values: any of them inside a column, all columns together."""

LONG = 500
"""Responses from which on their results are computed beside the event loop: those of fewer take a few milliseconds."""

_IDS: Any = bindparam("ids", expanding=True)
_of_response, _of_rating, _of_entry = Response.__table__.c, Rating.__table__.c, Entry.__table__.c
_ROWS = select(_of_entry.id, _of_entry.input_values).where(_of_entry.id.in_(_IDS))
_RATINGS = (
    select(
        _of_rating.response_id,
        _of_rating.criterion_id,
        _of_rating.rating,
        _of_rating.input_tokens,
        _of_rating.output_tokens,
        _of_rating.cost_usd,
        _of_rating.origin,
    )
    .join(Response.__table__, _of_response.id == _of_rating.response_id)
    .where(_of_response.experiment_id.in_(_IDS))
)
_RESPONSES = (
    select(
        _of_response.id,
        _of_response.experiment_id,
        _of_response.prompt_id,
        _of_response.entry_id,
        _of_response.error,
        _of_response.duration_seconds,
        _of_response.input_tokens,
        _of_response.output_tokens,
        _of_response.reasoning_tokens,
        _of_response.epoch,
        _of_response.input_price_per_mtok,
        _of_response.output_price_per_mtok,
        _of_response.flaw,
        _of_response.cached,
        _of_response.agent_trial,
    )
    .where(_of_response.experiment_id.in_(_IDS))
    .order_by(*IN_ROW_ORDER)
)


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
            f"The query parameter 'categorical_filters' is {quoted(text)}; it has to be a JSON object from "
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
    ratings = await fetch_by_ids(session, _RATINGS, ids)
    chosen = await filtered_prompts(session, ids, filters) if filters else None
    responses = await fetch_by_ids(session, _RESPONSES, ids)
    if chosen is not None:
        responses = [row for row in responses if row.prompt_id in chosen]
    # Without a response there are no results, however many rows a run has just been asked for.
    answered = {row.experiment_id for row in responses}
    accounts = await load_accounts(session, answered)
    taken = []
    for experiment in experiments:
        if experiment.id not in answered:
            continue
        account = accounts[experiment.id]
        unanswered = account.unanswered
        if filters and unanswered:
            rows = await _filtered_rows(session, experiment.collection_id, account, filters)
            unanswered = [answers for answers in unanswered if answers.entry_id in rows]
        running = experiment.generation_task_id is not None and not filters
        # Without an end that was reached, the fullest epoch need not be whole.
        is_whole = running or (not filters and (account.unanswered or account.run_asked_at is None))
        taken.append(
            _Taken(
                experiment_id=experiment.id,
                duration_seconds=_duration(experiment),
                rows=row_counts.get(experiment.collection_id) if is_whole else None,
                account=account,
                unanswered=unanswered,
            )
        )
    if len(responses) < LONG:
        return _aggregated(taken, responses, ratings)
    # Kept off the event loop, which others wait for: nothing in it touches the session.
    return await asyncio.to_thread(_aggregated, taken, responses, ratings)


@attrs.frozen(kw_only=True)
class _Taken:
    """An experiment as its results are made of it.

    Attributes:
        experiment_id: Its id.
        duration_seconds: What its run took.
        rows: How many responses make an epoch, where the fullest one need not be whole.
        account: What its answers lack.
        unanswered: Those of its answers that are not there and count.
    """

    experiment_id: int
    duration_seconds: float | None
    rows: int | None
    account: VerdictAccount
    unanswered: Sequence[Unanswered]


def _aggregated(
    taken: Sequence[_Taken], responses: Sequence[Any], verdicts: Sequence[Any]
) -> dict[int, models.ExperimentResults]:
    ratings: dict[int, list[tuple[int, Literal["YES", "NO"]]]] = defaultdict(list)
    judging: dict[int, dict[int, Spent]] = defaultdict(dict)
    for response_id, criterion_id, rating, *spent, origin in verdicts:
        ratings[response_id].append((criterion_id, rating))
        if origin in (None, "judge"):  # the others took no call
            judging[response_id][criterion_id] = Spent._make(spent)
    accounts = {experiment.experiment_id: experiment.account for experiment in taken}
    facts: dict[int, list[ResponseFacts]] = defaultdict(list)
    for response_id, experiment_id, _, entry_id, error, *measures, trial in responses:
        account = accounts[experiment_id]
        given = account.counted(response_id, entry_id, ratings[response_id])
        lack = account.lack(response_id, entry_id, error, dict(given))
        reported = None if trial is None else trial.get("cost_usd")
        judged = judging[response_id]
        spent = [judged[criterion_id] for criterion_id, _ in given if criterion_id in judged]
        facts[experiment_id].append(
            ResponseFacts._make((given, error is not None, *measures, reported, lack, spent))
        )
    results = {}
    for experiment in taken:
        account = experiment.account
        aggregated = aggregate(
            facts[experiment.experiment_id],
            rows=experiment.rows,
            experiment_duration_seconds=experiment.duration_seconds,
            unanswered=itertools.chain.from_iterable(map(account.lacks_of_unanswered, experiment.unanswered)),
            criteria=account.order,
        )
        if aggregated is not None:
            for criterion_id, counts in aggregated["verdicts_by_criterion_id"].items():
                counts["criterion_str"] = account.texts.get(int(criterion_id))
            results[experiment.experiment_id] = msgspec.convert(aggregated, models.ExperimentResults)
    return results


def _duration(experiment: Experiment) -> float | None:
    if experiment.started_at is None or experiment.finished_at is None:
        return None
    return (experiment.finished_at - experiment.started_at).total_seconds()


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


async def _filtered_rows(
    session: AsyncSession, collection_id: int, account: VerdictAccount, filters: CategoricalFilters
) -> set[int]:
    """Those of the rows without an answer that have the filters' values now: no prompt was made of them."""
    columns = await session.execute(
        select(CollectionColumn.name, CollectionColumn.default_value).where(
            CollectionColumn.collection_id == collection_id
        )
    )
    defaults = {column.name: column.default_value for column in columns}
    rows = await fetch_by_ids(session, _ROWS, {answers.entry_id for answers in account.unanswered})
    return {
        entry_id
        for entry_id, values in rows
        if all(_text(defaults | values, name) in allowed for name, allowed in filters.items())
    }


def _text(values: Mapping[str, Any], name: str) -> str | None:
    return value_text(values[name]) if name in values else None
