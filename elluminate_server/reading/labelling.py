"""What is left to label, and how far labels and the judge agree so far."""

from typing import Any

import attrs
from sqlalchemy import and_, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate.statistics import Interval, wilson
from elluminate_server.store.tables import Criterion, Label, Rating, Response

__all__ = ["Agreement", "Pair", "load_agreement", "next_pair"]


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
class Agreement:
    """How far the labels of a key are.

    Attributes:
        labelled: Its labels of the experiment.
        total: Verdicts that could be labelled.
        share: How often label and verdict are the same, of those that are YES or NO.
        last_label_id: Its latest label there; None without any.
    """

    labelled: int
    total: int
    share: Interval
    last_label_id: int | None


def _labelled(labeller: int) -> Any:
    return and_(
        Label.response_id == Rating.response_id,
        Label.criterion_id == Rating.criterion_id,
        Label.labeller == labeller,
        Label.superseded_at.is_(None),
    )


def _verdicts(query: Any, experiment_id: int, criterion_id: int | None) -> Any:
    query = (
        query.select_from(Rating)
        .join(Response, Response.id == Rating.response_id)
        .where(Response.experiment_id == experiment_id, Response.error.is_(None))
    )
    return query if criterion_id is None else query.where(Rating.criterion_id == criterion_id)


async def next_pair(
    session: AsyncSession, experiment_id: int, criterion_id: int | None, labeller: int
) -> Pair | None:
    """The next one to label; None where nothing is left.

    In an order that has nothing to do with rows, so that the first labels are a fair sample of all of them.
    """
    shuffled = (Rating.id * 7919) % 10_007
    query = (
        _verdicts(
            select(Rating.response_id, Rating.criterion_id, Criterion.criterion_str),
            experiment_id,
            criterion_id,
        )
        .join(Criterion, Criterion.id == Rating.criterion_id)
        .where(~exists().where(_labelled(labeller)))
        .order_by(shuffled, Rating.id)
        .limit(1)
    )
    found = (await session.execute(query)).first()
    return None if found is None else Pair(found.response_id, found.criterion_id, found.criterion_str)


async def load_agreement(
    session: AsyncSession, experiment_id: int, criterion_id: int | None, labeller: int
) -> Agreement:
    """How far the labels are, and how often they say what the judge says."""
    total = await session.scalar(_verdicts(select(func.count()), experiment_id, criterion_id)) or 0
    counts: Any = await session.execute(
        _verdicts(select(Label.value, Rating.rating, func.count()), experiment_id, criterion_id)
        .join(Label, _labelled(labeller))
        .group_by(Label.value, Rating.rating)
    )
    labelled = decided = alike = 0
    for value, rating, count in counts:
        labelled += count
        decided += count if value != "UNSURE" else 0
        alike += count if value == rating else 0
    last = await session.scalar(
        select(func.max(Label.id)).where(
            Label.experiment_id == experiment_id, Label.labeller == labeller, Label.superseded_at.is_(None)
        )
    )
    return Agreement(labelled, total, wilson(alike, decided), last)
