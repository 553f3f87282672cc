"""What experiments came to, counted by the database: rates with their intervals, and what the calls took.

Unlike `results`, nothing here grows with the responses but the database's own work, so that a page may ask for it again
and again while a run goes on. What is missing and why is told by `results` alone.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import bindparam, case, func, null, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate.statistics import Interval
from elluminate.statistics.counted import rate_of_counts
from elluminate_server.reading.verdicts import VerdictAccount, load_accounts
from elluminate_server.store.rows import fetch_by_ids
from elluminate_server.store.tables import Criterion, Experiment, Rating, Response, WorkItem

__all__ = ["Bin", "Rates", "Totals", "counted_in", "load_durations", "load_rates", "load_totals"]

_IDS: Any = bindparam("ids", expanding=True)
_of_response, _of_rating, _of_experiment = Response.__table__.c, Rating.__table__.c, Experiment.__table__.c
_of_criterion, _of_item = Criterion.__table__.c, WorkItem.__table__.c

_YES = case((_of_rating.rating == "YES", 1), else_=0)
_VERDICTS = (
    select(_of_response.experiment_id, _of_response.entry_id, _of_response.persona_version_id)
    .join(Rating.__table__, _of_rating.response_id == _of_response.id)
    .where(_of_response.experiment_id.in_(_IDS), _of_response.error.is_(None))
    .group_by(_of_response.experiment_id, _of_response.entry_id, _of_response.persona_version_id)
)
"""By row: the unit that rates count by."""


def _counted(rows: Any, *by: str) -> Any:
    """How many of the rows are alike."""
    found = rows.subquery()
    kinds = [found.c[name] for name in ("experiment_id", *by, "yes", "n")]
    return select(*kinds, func.count()).group_by(*kinds)


_BY_CRITERION = _counted(
    _VERDICTS.add_columns(
        _of_rating.criterion_id, func.sum(_YES).label("yes"), func.count().label("n")
    ).group_by(_of_rating.criterion_id),
    "criterion_id",
)
_OVERALL = _counted(_VERDICTS.add_columns(func.sum(_YES).label("yes"), func.count().label("n")))
_ANSWERS = (
    select(
        _of_response.experiment_id,
        _of_response.entry_id,
        _of_response.persona_version_id,
        func.min(_YES).label("passed"),
        func.count().label("given"),
    )
    .join(Rating.__table__, _of_rating.response_id == _of_response.id)
    .where(
        _of_response.experiment_id.in_(_IDS),
        _of_response.error.is_(None),
        ~select(1)
        .where(_of_item.response_id == _of_response.id, _of_item.rating_errors.is_not(None))
        .exists(),
    )
    .group_by(
        _of_response.experiment_id, _of_response.entry_id, _of_response.persona_version_id, _of_response.id
    )
    .subquery()
)
_PASSING = _counted(
    select(
        _ANSWERS.c.experiment_id,
        _ANSWERS.c.given,
        func.sum(_ANSWERS.c.passed).label("yes"),
        func.count().label("n"),
    ).group_by(
        _ANSWERS.c.experiment_id, _ANSWERS.c.entry_id, _ANSWERS.c.persona_version_id, _ANSWERS.c.given
    ),
    "given",
)
_CHANGED_SINCE = (
    select(_of_experiment.id)
    .join(Criterion.__table__, _of_criterion.criterion_set_id == _of_experiment.criterion_set_id)
    .where(
        _of_experiment.id.in_(_IDS),
        or_(
            _of_criterion.superseded_at > _of_experiment.created_at,
            _of_criterion.created_at > _of_experiment.created_at,
        ),
    )
    .distinct()
)
"""Experiments whose criteria may be others than when they were made."""
_EACH = (
    select(
        _of_response.experiment_id,
        _of_response.entry_id,
        _of_response.persona_version_id,
        _of_response.id,
        _of_rating.criterion_id,
        _of_rating.rating,
    )
    .join(Rating.__table__, _of_rating.response_id == _of_response.id)
    .where(_of_response.experiment_id.in_(_IDS), _of_response.error.is_(None))
)
_WITH_CRITERIA_OF_ROWS = (
    select(_of_experiment.id)
    .join(Criterion.__table__, _of_criterion.criterion_set_id == _of_experiment.criterion_set_id)
    .where(_of_experiment.id.in_(_IDS), _of_criterion.entry_id.is_not(None))
    .distinct()
)
_PRICED = case(
    (_of_response.cached.is_(True), 0.0),
    else_=func.coalesce(
        _of_response.agent_trial["cost_usd"].as_float(),
        (
            _of_response.input_tokens * _of_response.input_price_per_mtok
            + _of_response.output_tokens * _of_response.output_price_per_mtok
        )
        / 1e6,
    ),
)
_TOTALS = (
    select(
        _of_response.experiment_id,
        func.count(),
        func.count(_of_response.error),
        func.sum(_of_response.input_tokens),
        func.sum(_of_response.output_tokens),
        func.sum(_PRICED),
        func.count(_PRICED),
        func.avg(_of_response.duration_seconds),
    )
    .where(_of_response.experiment_id.in_(_IDS))
    .group_by(_of_response.experiment_id)
)
_DURATIONS = select(_of_response.duration_seconds).where(
    _of_response.experiment_id.in_(_IDS),
    _of_response.error.is_(None),
    _of_response.duration_seconds.is_not(null()),
)


Alike = Mapping[tuple[int, int], int]
"""How many rows are alike, by (YES, all)."""


@attrs.frozen
class Rates:
    """Rates of one experiment, rows being the unit.

    Attributes:
        overall: Share of YES among all verdicts.
        passing: Share of the answers that meet all criteria, of those that were judged by all.
        by_criterion: Share of YES by criterion id.
        given: Verdicts by criterion id.
        passed: How many rows are alike, by (answers that meet all criteria, answers that were judged by all).
    """

    overall: Interval
    passing: Interval
    by_criterion: Mapping[int, Interval]
    given: Mapping[int, int]
    passed: Alike


NOTHING = Rates(rate_of_counts({}), rate_of_counts({}), {}, {}, {})


@attrs.frozen
class Totals:
    """What the answers of one experiment took.

    Attributes:
        responses: How many there are, failed ones included.
        failed: Those that failed.
        input_tokens: Of the prompts, as far as known; None where of none.
        output_tokens: Of the answers.
        cost_usd: US dollars, as far as known; None where of none.
        priced: Of how many answers the price is known.
        mean_seconds: How long one took on average.
    """

    responses: int = 0
    failed: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    priced: int = 0
    mean_seconds: float | None = None


async def load_rates(session: AsyncSession, experiment_ids: Collection[int]) -> dict[int, Rates]:
    """Rates by experiment; those without a verdict have none that is known."""
    changed = [row.id for row in await fetch_by_ids(session, _CHANGED_SINCE, experiment_ids)]
    # Which verdicts count where a set was changed since, the results tell: their rule is no matter of a query.
    accounts = await load_accounts(session, changed) if changed else {}
    since = {one for one, account in accounts.items() if account.moments}
    found = await _rates_by_results(session, {one: accounts[one] for one in since}) if since else {}
    return found | await _rates_by_queries(session, [one for one in experiment_ids if one not in since])


async def _rates_by_results(
    session: AsyncSession, accounts: Mapping[int, VerdictAccount]
) -> dict[int, Rates]:
    """Of experiments whose criteria were edited, added or taken out since: each verdict is looked at."""
    given: dict[int, dict[tuple[int, int | None, int], list[Any]]] = defaultdict(lambda: defaultdict(list))
    for experiment_id, entry_id, persona, response_id, *verdict in await fetch_by_ids(
        session, _EACH, accounts
    ):
        given[experiment_id][entry_id, persona, response_id].append(tuple(verdict))
    found = {}
    for experiment_id, account in accounts.items():
        overall: dict[Any, list[bool]] = defaultdict(list)
        of_criteria: dict[int, dict[Any, list[bool]]] = defaultdict(lambda: defaultdict(list))
        passed: dict[Any, list[bool]] = defaultdict(list)
        for (entry_id, persona, response_id), verdicts in given[experiment_id].items():
            row, counted = (entry_id, persona), account.counted(response_id, entry_id, verdicts)
            for criterion_id, verdict in counted:
                overall[row].append(verdict == "YES")
                of_criteria[criterion_id][row].append(verdict == "YES")
            lack = account.lack(response_id, entry_id, None, dict(counted))
            if counted and not lack.missing:
                passed[row].append(all(verdict == "YES" for _, verdict in counted))
        criteria = {one: _alike(rows.values()) for one, rows in of_criteria.items()}
        found[experiment_id] = _rates(_alike(overall.values()), _alike(passed.values()), criteria)
    return found


def _alike(rows: Iterable[Sequence[bool]]) -> Alike:
    return Counter((sum(row), len(row)) for row in rows)


def _rates(overall: Alike, passing: Alike, criteria: Mapping[int, Alike]) -> Rates:
    return Rates(
        overall=rate_of_counts(overall),
        passing=rate_of_counts(passing),
        by_criterion={one: rate_of_counts(counts) for one, counts in criteria.items()},
        given={one: sum(n * rows for (_, n), rows in counts.items()) for one, counts in criteria.items()},
        passed=passing,
    )


async def _rates_by_queries(session: AsyncSession, experiment_ids: Collection[int]) -> dict[int, Rates]:
    """Of experiments whose criteria are what they were: the database counts all verdicts."""
    overall: dict[int, dict[tuple[int, int], int]] = defaultdict(dict)
    of_criteria: dict[int, dict[int, dict[tuple[int, int], int]]] = defaultdict(lambda: defaultdict(dict))
    passing: dict[int, dict[int, dict[tuple[int, int], int]]] = defaultdict(lambda: defaultdict(dict))
    for experiment_id, yes, n, count in await fetch_by_ids(session, _OVERALL, experiment_ids):
        overall[experiment_id][int(yes), n] = count
    for experiment_id, criterion_id, yes, n, count in await fetch_by_ids(
        session, _BY_CRITERION, experiment_ids
    ):
        of_criteria[experiment_id][criterion_id][int(yes), n] = count
    for experiment_id, given, yes, n, count in await fetch_by_ids(session, _PASSING, experiment_ids):
        passing[experiment_id][given][int(yes), n] = count
    varied = {row.id for row in await fetch_by_ids(session, _WITH_CRITERIA_OF_ROWS, experiment_ids)}
    found = {}
    for experiment_id in experiment_ids:
        by_given = passing[experiment_id]
        if by_given and experiment_id not in varied:  # with fewer verdicts than others, some are missing
            by_given = {max(by_given): by_given[max(by_given)]}
        alike: dict[tuple[int, int], int] = defaultdict(int)
        for counts in by_given.values():
            for kind, count in counts.items():
                alike[kind] += count
        found[experiment_id] = _rates(overall[experiment_id], alike, of_criteria[experiment_id])
    return found


async def load_totals(session: AsyncSession, experiment_ids: Collection[int]) -> dict[int, Totals]:
    """Totals by experiment; those without a response have none."""
    return {
        experiment_id: Totals(*figures)
        for experiment_id, *figures in await fetch_by_ids(session, _TOTALS, experiment_ids)
    }


async def load_durations(session: AsyncSession, experiment_id: int) -> list[float]:
    """How long each answer took, in seconds, where that is known."""
    return [seconds for (seconds,) in await fetch_by_ids(session, _DURATIONS, [experiment_id])]


@attrs.frozen
class Bin:
    """How many values lie between two others.

    Attributes:
        low: The lower one.
        high: The upper one.
        count: How many.
    """

    low: float
    high: float
    count: int


def counted_in(values: Sequence[float], columns: int) -> list[Bin]:
    """Values counted between their lowest and their highest, in so many bins of equal width; none without values.

    >>> [one.count for one in counted_in([1.0, 1.0, 2.0], 2)]
    [2, 1]
    """
    if not values:
        return []
    low, high = min(values), max(values)
    if low == high:
        return [Bin(low, high, len(values))]
    step = (high - low) / columns
    counts = [0] * columns
    for value in values:
        counts[min(columns - 1, int((value - low) / step))] += 1
    return [Bin(low + place * step, low + (place + 1) * step, count) for place, count in enumerate(counts)]
