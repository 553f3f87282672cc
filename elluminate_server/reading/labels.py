"""What people say of responses, and what judges said before: as the contract shows it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from elluminate_api import models
from sqlalchemy import BindParameter, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.store.rows import fetch_by_ids
from elluminate_server.store.tables import Criterion, EarlierRating, Experiment, Label

__all__ = [
    "earlier_ratings_of_project",
    "labels_of_project",
    "labels_of_responses",
    "present_earlier_rating",
    "present_label",
]

_IDS: BindParameter[Sequence[int]] = bindparam("ids", expanding=True)
_of_label = Label.__table__.c
_LABELS = (
    select(Label.__table__)
    .where(_of_label.response_id.in_(_IDS), _of_label.superseded_at.is_(None))
    .order_by(_of_label.id)
)


async def labels_of_responses(
    session: AsyncSession, response_ids: Sequence[int]
) -> dict[tuple[int, int], list[models.Label]]:
    """The labels that count, by the ids of response and criterion: one query for a page, and nothing where are none."""
    found: dict[tuple[int, int], list[models.Label]] = defaultdict(list)
    for row in await fetch_by_ids(session, _LABELS, response_ids):
        found[row.response_id, row.criterion_id].append(present_label(row))
    return found


def labels_of_project(
    project_id: int, *, criterion_set_id: int | None, labeller: int | None, earlier: bool, **equal: Any
) -> Select[Any]:
    """A query of labels, without an order.

    Args:
        project_id: Where.
        criterion_set_id: Of which criteria; None for any.
        labeller: Whose; None for anybody's.
        earlier: Whether those that were replaced or withdrawn are among them.
        equal: Columns of `Label` and their values; None for any.
    """
    query = _in_project(select(Label), Label, project_id, equal)
    if criterion_set_id is not None:
        query = query.join(Criterion, Criterion.id == Label.criterion_id).where(
            Criterion.criterion_set_id == criterion_set_id
        )
    if labeller is not None:
        query = query.where(Label.labeller == labeller)
    return query if earlier else query.where(Label.superseded_at.is_(None))


def earlier_ratings_of_project(project_id: int, **equal: Any) -> Select[Any]:
    """A query of verdicts that were replaced, without an order.

    Args:
        project_id: Where.
        equal: Columns of `EarlierRating` and their values; None for any.
    """
    return _in_project(select(EarlierRating), EarlierRating, project_id, equal)


def _in_project(query: Select[Any], table: Any, project_id: int, equal: dict[str, Any]) -> Select[Any]:
    given = {name: value for name, value in equal.items() if value is not None}
    return query.join(Experiment, Experiment.id == table.experiment_id).where(
        Experiment.project_id == project_id,
        Experiment.deleted_at.is_(None),
        *(getattr(table, name) == value for name, value in given.items()),
    )


def present_label(row: Any) -> models.Label:
    """A label; its row has the columns of `tables.Label`."""
    return models.Label(
        id=row.id,
        experiment_id=row.experiment_id,
        response_id=row.response_id,
        criterion_id=row.criterion_id,
        value=models.LabelValue(row.value),
        reason=row.reason,
        key_id=row.labeller or None,
        key_name=row.key_name,
        created_at=row.created_at,
        superseded_at=row.superseded_at,
    )


def present_earlier_rating(row: Any) -> models.EarlierRating:
    """A verdict that was replaced; its row has the columns of `tables.EarlierRating`."""
    return models.EarlierRating(
        id=row.id,
        experiment_id=row.experiment_id,
        response_id=row.response_id,
        criterion_id=row.criterion_id,
        rating=models.RatingValue(row.rating),
        reasoning=row.reasoning,
        generation_metadata=row.generation_metadata,
        rating_version=row.rating_version,
        created_at=row.created_at,
        replaced_at=row.replaced_at,
    )
