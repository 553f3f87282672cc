"""What is left to label, how far somebody is with it, and how far labels and judges agree.

Drawing and weighing are `elluminate.statistics`: what `experiment.next_to_label()` and `experiment.agreement()` say.
"""

import asyncio
from collections import defaultdict
from collections.abc import Container, Sequence
from typing import Any

import attrs
from sqlalchemy import and_, bindparam, func, null, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate.statistics.drawing import draw_in_turn, shuffled
from elluminate.statistics.judging import (
    GivenVerdict,
    JudgeFigures,
    by_judge,
    status_of,
    weigh_judge,
    why_no_interval,
)
from elluminate_server.store.rows import fetch
from elluminate_server.store.tables import Criterion, EarlierRating, Experiment, Label, Rating, Response

__all__ = [
    "MOST_VERDICTS",
    "Labelling",
    "Pair",
    "WeighedJudge",
    "has_judges",
    "has_labels",
    "load_judges",
    "load_labelling",
    "next_pair",
]

MOST_VERDICTS = 100_000
"""Of one experiment: all of them are held at a time to weigh its judges."""

_BATCH = 10
"""So many are drawn at a time, as `next_to_label()` draws them, and then put into an order that tells no verdict."""

_MOST_DRAWN_FROM = 20_000
"""Verdicts that are looked at to draw some."""

_of_response, _of_rating, _of_label = Response.__table__.c, Rating.__table__.c, Label.__table__.c
_of_criterion, _of_earlier = Criterion.__table__.c, EarlierRating.__table__.c
_EXPERIMENT: Any = bindparam("experiment_id")


@attrs.frozen
class Pair:
    """An answer and a criterion, on which the judge has spoken and somebody has not.

    Attributes:
        response_id: The answer.
        criterion_id: The criterion.
        criterion: Its wording.
    """

    response_id: int
    criterion_id: int
    criterion: str


@attrs.frozen
class Labelling:
    """How far the labels of a key are.

    Attributes:
        labelled: Its labels of the experiment.
        total: Verdicts that could be labelled.
        last_label_id: Its latest label there; None without any.
    """

    labelled: int
    total: int
    last_label_id: int | None


@attrs.frozen
class WeighedJudge:
    """How far a judge agrees with people by one criterion.

    Attributes:
        criterion_id: The criterion.
        criterion: Its wording.
        judge: Its key and its model; "" for none.
        figures: What the labels say.
    """

    criterion_id: int
    criterion: str
    judge: tuple[str, str]
    figures: JudgeFigures

    @property
    def is_labelled(self) -> bool:
        """Whether anybody has labelled something that it judged."""
        return bool(self.figures.n or self.figures.unsure or self.figures.disputed)

    @property
    def status(self) -> str:
        """Whether it is validated, in words."""
        return status_of(self.figures.problem)

    @property
    def why_no_interval(self) -> str | None:
        """Why its corrected pass rate has no interval."""
        return why_no_interval(self.figures.pass_rate, self.figures.corrected_pass_rate)


def _verdicts(*columns: Any) -> Any:
    """Those of judges: what a rule decides needs no label."""
    return (
        select(*columns)
        .select_from(Rating.__table__)
        .join(Response.__table__, _of_response.id == _of_rating.response_id)
        .join(Criterion.__table__, _of_criterion.id == _of_rating.criterion_id)
        .where(
            _of_response.experiment_id == _EXPERIMENT,
            _of_response.error.is_(None),
            _of_criterion.rule.is_(null()),
        )
    )


def _model(table: Any) -> Any:
    """The judge's model, as it stands with a verdict."""
    return table.generation_metadata[("llm_model_config", "llm_model_name")].as_string()


_GIVEN = (_of_rating.response_id, _of_rating.criterion_id, _of_response.entry_id, _of_rating.rating == "YES")
_TO_DRAW = (
    _verdicts(*_GIVEN).order_by((_of_rating.id * 7919) % 10_007, _of_rating.id).limit(bindparam("most"))
)
_NOW = _verdicts(*_GIVEN, _model(Rating)).order_by(
    _of_criterion.position, _of_criterion.id, _of_rating.response_id
)
_EARLIER = (
    select(
        _of_earlier.response_id,
        _of_earlier.criterion_id,
        _of_response.entry_id,
        _of_earlier.rating == "YES",
        _of_earlier.rating_version,
        _model(EarlierRating),
    )
    .join(Response.__table__, _of_response.id == _of_earlier.response_id)
    .where(_of_earlier.experiment_id == _EXPERIMENT, _of_response.error.is_(None))
    .order_by(_of_earlier.id)
)
_SAID = (
    select(_of_label.response_id, _of_label.criterion_id, _of_label.value, _of_label.labeller)
    .where(_of_label.experiment_id == _EXPERIMENT, _of_label.superseded_at.is_(None))
    .order_by(_of_label.id)
)


async def next_pair(
    session: AsyncSession, experiment_id: int, criterion_id: int | None, labeller: int
) -> Pair | None:
    """The next one to label; None where nothing is left.

    Half of them are those that the judge calls YES, half those that it calls NO; a verdict can be told neither from
    what comes next nor from what came before. Of more than `_MOST_DRAWN_FROM` verdicts, so many are drawn from.
    """
    query = _TO_DRAW if criterion_id is None else _TO_DRAW.where(_of_rating.criterion_id == criterion_id)
    found = await fetch(session, query, experiment_id=experiment_id, most=_MOST_DRAWN_FROM)
    own = {
        (response_id, number)
        for response_id, number, _, one in await fetch(session, _SAID, experiment_id=experiment_id)
        if one == labeller
    }
    # Beside the event loop: of many verdicts it takes a fifth of a second.
    one = await asyncio.to_thread(_next_drawn, found, own, f"experiment {experiment_id}")
    if one is None:
        return None
    text = await session.scalar(select(Criterion.criterion_str).where(Criterion.id == one.criterion_id))
    return Pair(one.response_id, one.criterion_id, text or "")


def _next_drawn(found: Sequence[Any], own: Container[tuple[int, int]], seed: str) -> GivenVerdict | None:
    verdicts = [GivenVerdict(*row) for row in found]
    # What is labelled stays in its place, so that the next one is of the other side where that was to come.
    drawn = draw_in_turn(verdicts, verdicts, seed)
    for begin in range(0, len(drawn), _BATCH):
        for one in shuffled(drawn[begin : begin + _BATCH], seed):
            if (one.response_id, one.criterion_id) not in own:
                return one
    return None


async def load_labelling(
    session: AsyncSession, experiment_id: int, criterion_id: int | None, labeller: int
) -> Labelling:
    """How far the labels of a key are."""
    query = _verdicts(func.count(), func.count(_of_label.id)).outerjoin(
        Label.__table__,
        and_(
            _of_label.response_id == _of_rating.response_id,
            _of_label.criterion_id == _of_rating.criterion_id,
            _of_label.labeller == labeller,
            _of_label.superseded_at.is_(None),
        ),
    )
    if criterion_id is not None:
        query = query.where(_of_rating.criterion_id == criterion_id)
    ((total, labelled),) = await fetch(session, query, experiment_id=experiment_id)
    last = await session.scalar(
        select(func.max(Label.id)).where(
            Label.experiment_id == experiment_id, Label.labeller == labeller, Label.superseded_at.is_(None)
        )
    )
    return Labelling(labelled, total, last)


async def has_judges(session: AsyncSession, experiment_id: int) -> bool:
    """Whether a judge has given any verdict of an experiment."""
    return bool(await fetch(session, _verdicts(_of_rating.id).limit(1), experiment_id=experiment_id))


async def has_labels(session: AsyncSession, experiment_id: int) -> bool:
    """Whether anybody has labelled anything of an experiment."""
    return bool(await fetch(session, _SAID.limit(1), experiment_id=experiment_id))


async def load_judges(
    session: AsyncSession, experiment: Experiment, *, with_earlier: bool = True
) -> Sequence[WeighedJudge] | None:
    """The judges of an experiment by criterion; None where there are more than `MOST_VERDICTS`.

    Args:
        session: Where to read.
        experiment: Which.
        with_earlier: Whether those whose verdicts were replaced are among them, where these were labelled.
    """
    ((count,),) = await fetch(session, _verdicts(func.count()), experiment_id=experiment.id)
    if count > MOST_VERDICTS:
        return None
    said: dict[tuple[int, int], list[str]] = defaultdict(list)
    for response_id, criterion_id, value, _ in await fetch(session, _SAID, experiment_id=experiment.id):
        said[response_id, criterion_id].append(value)
    version = experiment.rating_version or ""
    now = [
        GivenVerdict(response_id, number, entry_id, is_yes, (version, model or ""))
        for response_id, number, entry_id, is_yes, model in await fetch(
            session, _NOW, experiment_id=experiment.id
        )
    ]
    earlier = [
        GivenVerdict(response_id, number, entry_id, is_yes, (replaced_version or "", model or ""))
        for response_id, number, entry_id, is_yes, replaced_version, model in (
            await fetch(session, _EARLIER, experiment_id=experiment.id) if with_earlier and said else ()
        )
    ]
    found = by_judge(earlier, now, said)
    texts = {
        row.id: row.criterion_str
        for row in await session.execute(
            select(Criterion.id, Criterion.criterion_str).where(
                Criterion.id.in_({number for number, _ in found})
            )
        )
    }
    return [
        WeighedJudge(number, texts[number], judge, weigh_judge(verdicts, said))
        for (number, judge), verdicts in found.items()
    ]
