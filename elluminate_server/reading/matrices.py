"""Rows of an experiment times its criteria: a page of it at a time, sorted and filtered by the database."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

import attrs
import msgspec
from elluminate_api.models import ColumnType
from sqlalchemy import ColumnElement, Select, String, and_, bindparam, case, cast, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.reading.results import CategoricalFilters
from elluminate_server.reading.run_criteria import is_expected, what_counts
from elluminate_server.reading.verdicts import Verdict, VerdictAccount, load_accounts_of_responses
from elluminate_server.store.rows import fetch, fetch_by_ids
from elluminate_server.store.tables import (
    CollectionColumn,
    Criterion,
    Experiment,
    PersonaVersion,
    Prompt,
    Rating,
    Response,
    WorkItem,
)
from elluminate_server.store.tables import Persona as PersonaTable

__all__ = [
    "MOST_VALUES",
    "Cell",
    "MatrixFilter",
    "MatrixRow",
    "categories_of",
    "count_rows",
    "load_rows",
    "neighbours_of",
]

MOST_VALUES = 200
"""Values of a category column that are offered."""

_LONGEST_LABEL = 200

_IDS: Any = bindparam("ids", expanding=True)
_of_response, _of_rating, _of_prompt = Response.__table__.c, Rating.__table__.c, Prompt.__table__.c
_of_criterion, _of_item = Criterion.__table__.c, WorkItem.__table__.c
_YES = case((_of_rating.rating == "YES", 1.0), else_=0.0)
_UNKNOWN = 0
"""Of a row without a persona: databases differ in how they order NULL."""


@attrs.frozen
class MatrixFilter:
    """Which rows are shown, and in which order.

    Attributes:
        criterion_id: Those with a verdict on this criterion; None for any.
        verdict: Those with such a verdict; None for any. `missing`: those that lack one.
        text: Those that hold this text, in the row's values or an answer; empty for any.
        categories: Those with these values in category columns, as the API's `categorical_filters` takes them.
        sort: `worst`: those with the lowest share of YES first; `row`: as in the collection.
    """

    criterion_id: int | None = None
    verdict: Literal["YES", "NO", "missing"] | None = None
    text: str = ""
    categories: CategoricalFilters = attrs.field(factory=dict)
    sort: Literal["worst", "row"] = "worst"


@attrs.frozen
class Cell:
    """The verdicts of one row by one criterion.

    Attributes:
        yes: How many are YES.
        given: How many there are.
        answers: How many there could be: the row's answers that are to be judged by it.
        response_id: The answer to open: the first with the worst verdict, else the first.
    """

    yes: int
    given: int
    answers: int
    response_id: int

    @property
    def kind(self) -> str:
        """For its colour: `yes`, `no`, `mixed` or `missing`."""
        if not self.given:
            return "missing"
        return "yes" if self.yes == self.given else "no" if not self.yes else "mixed"

    @property
    def text(self) -> str:
        """What stands in it."""
        if not self.given:
            return "missing"
        if self.answers == 1:
            return "YES" if self.yes else "NO"
        lacking = self.answers - self.given
        return f"{self.yes} of {self.given} YES" + (f", {lacking} missing" if lacking else "")


@attrs.frozen
class MatrixRow:
    """One row.

    Attributes:
        label: Its values, in short.
        persona: Who talked with the model.
        responses: (id, epoch, whether it failed) of its answers.
        cells: By criterion; none for a criterion by which no answer of the row is to be judged.
    """

    label: str
    persona: str | None
    responses: Sequence[tuple[int, int, bool]]
    cells: Mapping[int, Cell]


_RESPONSES = select(
    _of_response.id,
    _of_response.entry_id,
    _of_response.persona_version_id,
    _of_response.epoch,
    _of_response.error,
).where(_of_response.experiment_id == bindparam("experiment_id"), _of_response.entry_id.in_(_IDS))
_RATINGS = select(_of_rating.response_id, _of_rating.criterion_id, _of_rating.rating).where(
    _of_rating.response_id.in_(_IDS)
)
_VALUES = select(_of_prompt.entry_id, _of_prompt.input_values).where(
    _of_prompt.experiment_id == bindparam("experiment_id"), _of_prompt.entry_id.in_(_IDS)
)
_PERSONAS = (
    select(PersonaVersion.__table__.c.id, PersonaTable.__table__.c.name)
    .join(PersonaTable.__table__, PersonaTable.__table__.c.id == PersonaVersion.__table__.c.persona_id)
    .where(PersonaVersion.__table__.c.id.in_(_IDS))
)


async def categories_of(session: AsyncSession, row: Experiment) -> dict[str, Collection[str]]:
    """The category columns of an experiment's collection with their values: those allowed, or those that rows have.

    A column whose name cannot stand in a path into JSON is left out.
    """
    columns = await session.execute(
        select(CollectionColumn.name, CollectionColumn.categorical_values)
        .where(
            CollectionColumn.collection_id == row.collection_id,
            CollectionColumn.column_type == ColumnType.CATEGORY,
        )
        .order_by(CollectionColumn.position)
    )
    found: dict[str, Collection[str]] = {}
    for name, allowed in columns.all():
        if '"' in name or "\\" in name:
            continue
        values: Sequence[str] | None = allowed
        if values is None:
            value = _cell(name)
            there = select(value).where(_of_prompt.experiment_id == row.id, value != "").distinct()
            values = (await session.scalars(there.order_by(value).limit(MOST_VALUES))).all()
        found[name] = values
    return found


def _cell(name: str) -> Any:
    """The text in a category column: all that is in one is text."""
    return Prompt.input_values[name].as_string()


async def count_rows(session: AsyncSession, row: Experiment, wanted: MatrixFilter) -> int:
    """How many rows there are."""
    counts = await what_counts(session, row)
    rows = _filtered(select(*_KEY), row.id, wanted, counts).distinct().subquery()
    return await session.scalar(select(func.count()).select_from(rows)) or 0


async def load_rows(
    session: AsyncSession, experiment: Experiment, wanted: MatrixFilter, *, offset: int, limit: int
) -> list[MatrixRow]:
    """Some of the rows."""
    experiment_id, counts = experiment.id, await what_counts(session, experiment)
    query = (
        _filtered(select(*_KEY), experiment_id, wanted, counts)
        .outerjoin(Rating.__table__, _is_counted(counts))
        .group_by(*_KEY)
    )
    order = [*_KEY] if wanted.sort == "row" else [_SHARE, *_KEY]
    keys = (await session.execute(query.order_by(*order).limit(limit).offset(offset))).all()
    entries = {key.entry_id for key in keys}
    if not entries:
        return []
    parameters = {"experiment_id": experiment_id, "ids": sorted(entries)}
    responses: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for one in await fetch(session, _RESPONSES, **parameters):
        responses[one.entry_id, one.persona_version_id or _UNKNOWN].append(one)
    verdicts: dict[int, list[tuple[int, Verdict]]] = defaultdict(list)
    ids = [one.id for key in keys for one in responses[tuple(key)]]
    for response_id, criterion_id, rating in await fetch_by_ids(session, _RATINGS, ids):
        verdicts[response_id].append((criterion_id, rating))
    values = {row.entry_id: row.input_values for row in await fetch(session, _VALUES, **parameters)}
    personas = {
        row.id: row.name
        for row in await fetch_by_ids(session, _PERSONAS, {key.persona for key in keys} - {_UNKNOWN})
    }
    account = (await load_accounts_of_responses(session, [experiment_id], ids))[experiment_id]
    return [
        _row(
            sorted(responses[tuple(key)], key=lambda one: (one.epoch, one.id)),
            verdicts,
            account,
            label_of(values.get(key.entry_id, {})),
            personas.get(key.persona),
        )
        for key in keys
    ]


async def neighbours_of(
    session: AsyncSession, experiment: Experiment, response_id: int, wanted: MatrixFilter
) -> tuple[int | None, int | None]:
    """The answers before and after one, in the order of the rows that are shown."""
    counts = await what_counts(session, experiment)
    shares = (
        select(*_KEY, _SHARE.label("share"))
        .select_from(Response.__table__)
        .outerjoin(Rating.__table__, _is_counted(counts))
        .where(_of_response.experiment_id == experiment.id)
        .group_by(*_KEY)
        .subquery()
    )
    order: list[Any] = [_of_response.entry_id, _PERSONA, _of_response.epoch, _of_response.id]
    query = _filtered(select(_of_response.id), experiment.id, wanted, counts)
    if wanted.sort == "worst":
        query = query.join(
            shares, and_(shares.c.entry_id == _of_response.entry_id, shares.c.persona == _PERSONA)
        )
        order.insert(0, shares.c.share)
    ordered = query.add_columns(
        func.lag(_of_response.id).over(order_by=order).label("before"),
        func.lead(_of_response.id).over(order_by=order).label("after"),
    ).subquery()
    found = (
        await session.execute(select(ordered.c.before, ordered.c.after).where(ordered.c.id == response_id))
    ).first()
    return (None, None) if found is None else (found.before, found.after)


def label_of(values: Mapping[str, Any]) -> str:
    """The values of a row in short."""
    texts = [
        f"{name}: {value if isinstance(value, str) else msgspec.json.encode(value).decode()}"
        for name, value in values.items()
    ]
    text = " · ".join(" ".join(one[:_LONGEST_LABEL].split()) for one in texts)
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"


_PERSONA = func.coalesce(_of_response.persona_version_id, _UNKNOWN)
_KEY: tuple[Any, Any] = (_of_response.entry_id, _PERSONA.label("persona"))
_SHARE = func.coalesce(func.sum(_YES) / func.nullif(func.count(_of_rating.id), 0), -1.0)
"""Rows without any verdict are the worst."""


_of_verdict = Rating.__table__.alias("verdicts").c
"""In conditions, beside the verdicts that are counted."""


_Counts = Callable[[ColumnElement[int]], ColumnElement[bool]] | None
"""See `what_counts`."""


def _is_counted(counts: _Counts) -> ColumnElement[bool]:
    """The condition that a `ratings` row is a verdict on the answer that it stands beside."""
    of_answer = and_(_of_rating.response_id == _of_response.id, _of_response.error.is_(None))
    return of_answer if counts is None else and_(of_answer, counts(_of_rating.criterion_id))


def _filtered(query: Select[Any], experiment_id: int, wanted: MatrixFilter, counts: _Counts) -> Select[Any]:
    query = query.select_from(Response.__table__).where(_of_response.experiment_id == experiment_id)
    if wanted.verdict is not None or wanted.criterion_id is not None:
        having = [_of_verdict.response_id == _of_response.id]
        if wanted.criterion_id is not None:
            having.append(_of_verdict.criterion_id == wanted.criterion_id)
        if counts is not None:
            having.append(counts(_of_verdict.criterion_id))
        if wanted.verdict in ("YES", "NO"):
            having.append(_of_verdict.rating == wanted.verdict)
        judged = exists().where(*having)
        if wanted.verdict != "missing":
            query = query.where(judged)
        elif wanted.criterion_id is not None:
            query = query.where(~judged, is_expected(wanted.criterion_id))
        else:
            flawed = exists().where(
                _of_item.response_id == _of_response.id, _of_item.rating_errors.is_not(None)
            )
            query = query.where(or_(_of_response.error.is_not(None), ~judged, flawed))
    for name, values in wanted.categories.items():
        query = query.where(
            exists().where(_of_prompt.id == _of_response.prompt_id, _cell(name).in_(list(values)))
        )
    if wanted.text:
        # As it stands in JSON: quotes and line ends are escaped there.
        text = msgspec.json.encode(wanted.text).decode()[1:-1]
        in_row = exists().where(
            _of_prompt.id == _of_response.prompt_id,
            cast(_of_prompt.input_values, String).icontains(text, autoescape=True),
        )
        query = query.where(or_(cast(_of_response.messages, String).icontains(text, autoescape=True), in_row))
    return query


def _row(
    answers: Sequence[Any],
    verdicts: Mapping[int, Sequence[tuple[int, Verdict]]],
    account: VerdictAccount,
    label: str,
    persona: str | None,
) -> MatrixRow:
    given: dict[int, list[tuple[str, int]]] = defaultdict(list)
    wanted: dict[int, list[int]] = defaultdict(list)
    for answer in answers:
        counted = [] if answer.error else account.counted(answer.id, answer.entry_id, verdicts[answer.id])
        for criterion_id, rating in counted:
            given[criterion_id].append((rating, answer.id))
        lack = account.lack(answer.id, answer.entry_id, answer.error, dict(counted))
        lacking = [*lack.pending, *(one.criterion_id for one in lack.missing)]
        for criterion_id in {*dict(counted), *lacking}:
            wanted[criterion_id].append(answer.id)
    cells = {
        criterion_id: Cell(
            yes=sum(rating == "YES" for rating, _ in given[criterion_id]),
            given=len(given[criterion_id]),
            answers=len(ids),
            response_id=min(
                given[criterion_id], key=lambda one: (one[0] != "NO", one[1]), default=("", ids[0])
            )[1],
        )
        for criterion_id, ids in wanted.items()
    }
    return MatrixRow(
        label=label,
        persona=persona,
        responses=[(one.id, one.epoch, one.error is not None) for one in answers],
        cells=cells,
    )
