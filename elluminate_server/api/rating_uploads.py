"""Verdicts that a program of the caller's gave, by its own rules; the server runs no such program."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from elluminate_api import models
from sqlalchemy import delete, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.checks.rules import is_for_program
from elluminate_server.execution.plans import CriterionPlan
from elluminate_server.execution.queueing import add_done_ratings
from elluminate_server.execution.rating import Rated
from elluminate_server.execution.storing import store_ratings
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Invalid, NotFound
from elluminate_server.llm.types import Verdict
from elluminate_server.store.chunks import chunks
from elluminate_server.store.columns import UtcDateTime, utc_now
from elluminate_server.store.tables import (
    Criterion,
    CriterionSet,
    EarlierRating,
    Experiment,
    Rating,
    Response,
    WorkItem,
)

__all__: list[str] = []

_KEPT = ("response_id", "criterion_id", "rating", "reasoning", "generation_metadata", "created_at")

_NO_REASON = "The caller's program gave no verdict, and no reason."


@operation("upload_ratings")
async def upload_ratings(call: Call) -> Answer:
    """Verdicts of a program in place of older ones; where it gave none, the reason."""
    request = call.decode(models.UploadRatingsRequest)
    given = {(each.response_id, each.criterion_id): each for each in request.ratings}
    async with call.write() as session:
        responses = await _load_responses(session, call.project_id, {number for number, _ in given})
        criteria = await _load_criteria(session, call.project_id, {number for _, number in given})
        for place, each in enumerate(request.ratings):
            _check(each, responses[each.response_id], criteria[each.criterion_id], f"$.ratings[{place}]")
        there = [each for each in given.values() if each.rating is not None]
        missing = [each for each in given.values() if each.rating is None]
        connection = await session.connection()
        await connection.run_sync(
            store_ratings, [(each.response_id, _rated(each, criteria[each.criterion_id])) for each in there]
        )
        await _drop(session, missing)
        await _note_reasons(session, call, given.values())
        return call.answer(models.RatingsUploadResponse(stored=len(there), missing=len(missing)))


async def _load_responses(session: AsyncSession, project_id: int, ids: Collection[int]) -> Mapping[int, Any]:
    found: dict[int, Any] = {}
    for chunk in chunks(sorted(ids)):
        rows = await session.execute(
            select(
                Response.id,
                Response.entry_id,
                Response.error.is_not(None).label("failed"),
                Experiment.criterion_set_id,
            )
            .join(Experiment, Experiment.id == Response.experiment_id)
            .where(
                Response.id.in_(chunk), Experiment.project_id == project_id, Experiment.deleted_at.is_(None)
            )
        )
        found.update({row.id: row for row in rows})
    missing = sorted(ids - found.keys())
    if missing:
        raise NotFound("response", missing)
    return found


async def _load_criteria(
    session: AsyncSession, project_id: int, ids: Collection[int]
) -> Mapping[int, Criterion]:
    found: dict[int, Criterion] = {}
    for chunk in chunks(sorted(ids)):
        rows = await session.scalars(
            select(Criterion)
            .join(CriterionSet, CriterionSet.id == Criterion.criterion_set_id)
            .where(Criterion.id.in_(chunk), CriterionSet.project_id == project_id)
        )
        found.update({row.id: row for row in rows})
    missing = sorted(ids - found.keys())
    if missing:
        raise NotFound("criterion", missing)
    return found


def _check(given: models.RatingUpload, response: Any, criterion: Criterion, where: str) -> None:
    """Refuse what is none of the program's business.

    Raises:
        Invalid: Names the place.
    """
    if criterion.criterion_set_id != response.criterion_set_id:
        raise Invalid(
            f"{where}.criterion_id: the experiment of response {given.response_id} has no criterion "
            f"{given.criterion_id}."
        )
    if criterion.entry_id not in (None, response.entry_id):
        raise Invalid(
            f"{where}.criterion_id: criterion {criterion.id} is for another row than response {response.id}."
        )
    if not is_for_program(criterion.rule):
        who = "a judge" if criterion.rule is None else "a rule of the server"
        raise Invalid(
            f"{where}.criterion_id: {who} decides criterion {criterion.id}. Verdicts are uploaded on criteria of the "
            "type python alone, as checks.python(function) makes them."
        )
    if response.failed:
        raise Invalid(
            f"{where}.response_id: response {response.id} failed, so that there is nothing to judge."
        )


def _rated(given: models.RatingUpload, criterion: Criterion) -> Rated:
    rating: Literal["YES", "NO"] = "YES" if given.rating == models.RatingValue.YES else "NO"
    return Rated(
        criterion=CriterionPlan(criterion.id, criterion.criterion_str, criterion.label, rule=criterion.rule),
        verdict=Verdict(rating=rating, reasoning=given.reasoning or None),
        metadata=None,
        origin="program",
    )


async def _drop(session: AsyncSession, missing: Sequence[models.RatingUpload]) -> None:
    """Take verdicts away that a program gave before and does not give now; they stay in the history."""
    by_criterion: dict[int, list[int]] = defaultdict(list)
    for each in missing:
        by_criterion[each.criterion_id].append(each.response_id)
    for criterion_id, response_ids in by_criterion.items():
        for chunk in chunks(response_ids):
            dropped = Rating.criterion_id == criterion_id, Rating.response_id.in_(chunk)
            # What is replaced is kept by a trigger; it does not see what is deleted.
            await session.execute(
                insert(EarlierRating).from_select(
                    [*_KEPT, "experiment_id", "rating_version", "replaced_at"],
                    select(
                        *(getattr(Rating, name) for name in _KEPT),
                        Response.experiment_id,
                        Experiment.rating_version,
                        literal(utc_now(), UtcDateTime),
                    )
                    .join(Response, Response.id == Rating.response_id)
                    .join(Experiment, Experiment.id == Response.experiment_id)
                    .where(*dropped),
                )
            )
            await session.execute(delete(Rating).where(*dropped).execution_options(synchronize_session=False))


async def _note_reasons(session: AsyncSession, call: Call, given: Collection[models.RatingUpload]) -> None:
    """Have the items that brought the responses tell why verdicts are missing, and of those that came no longer.

    An answer that was uploaded and that no judge was ever asked about gets an item that is done.
    """
    by_response: dict[int, list[models.RatingUpload]] = defaultdict(list)
    for each in given:
        by_response[each.response_id].append(each)
    unbrought = {each.response_id for each in given if each.rating is None}
    for chunk in chunks(sorted(unbrought)):
        unbrought -= set(
            await session.scalars(select(WorkItem.response_id).where(WorkItem.response_id.in_(chunk)))
        )
    await add_done_ratings(session, call.executor.process, call.project_id, sorted(unbrought))
    for chunk in chunks(sorted(by_response)):
        latest = (
            select(func.max(WorkItem.id))
            .where(WorkItem.response_id.in_(chunk))
            .group_by(WorkItem.response_id)
        )
        for item in await session.scalars(select(WorkItem).where(WorkItem.id.in_(latest))):
            reasons = dict(item.rating_errors or {})
            for each in by_response[item.response_id or 0]:
                reasons.pop(str(each.criterion_id), None)
                if each.rating is None:
                    reasons[str(each.criterion_id)] = each.reasoning or _NO_REASON
            if reasons != (item.rating_errors or {}):
                item.rating_errors = reasons or None
