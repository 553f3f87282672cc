"""Ratings: list those of a response, make them now, or for many responses in the background."""

from collections.abc import Sequence

from elluminate_api import models
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response as HttpResponse

from elluminate_server.execution.moments import judge_anew
from elluminate_server.execution.now import rate_now
from elluminate_server.execution.queueing import add_ratings
from elluminate_server.execution.storing import store_ratings
from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Invalid, NotFound
from elluminate_server.reading.batch_status import answer_status, stream_status
from elluminate_server.reading.finding import find_response
from elluminate_server.reading.labels import (
    earlier_ratings_of_project,
    labels_of_responses,
    present_earlier_rating,
)
from elluminate_server.reading.loading import load_criteria
from elluminate_server.reading.presenting import present_rating
from elluminate_server.store.chunks import chunks
from elluminate_server.store.states import RATINGS
from elluminate_server.store.tables import Criterion, EarlierRating, Experiment, Rating, Response

__all__: list[str] = []


@operation("list_ratings")
async def list_ratings(call: Call) -> Answer:
    """The ratings of one response, in the order of their making."""
    async with call.read() as session:
        response = await find_response(session, call.project_id, call.query["prompt_response_id"])
        query = select(Rating).where(Rating.response_id == response.id)
        rows, count = await page_of(call, session, query, Rating.id)
        return call.answer(paged(await _load_ratings(session, rows), count))


@operation("create_ratings")
async def create_ratings(call: Call) -> Answer:
    """Rate one response by every criterion of its experiment, and wait for it. Replaces its ratings."""
    request = call.decode(models.CreateRatingRequest)
    async with call.read() as session:
        response = await find_response(session, call.project_id, request.prompt_response_id)
    rated = await rate_now(
        call.store,
        call.models,
        response_id=response.id,
        mode="fast" if request.rating_mode == models.RatingMode.FAST else "detailed",
    )
    async with call.write(is_short=True) as session:
        await judge_anew(session, [response.id])
        connection = await session.connection()
        await connection.run_sync(store_ratings, [(response.id, verdict) for verdict in rated])
        places = {verdict.criterion.id: place for place, verdict in enumerate(rated)}
        found = await session.scalars(
            select(Rating).where(Rating.response_id == response.id, Rating.criterion_id.in_(places))
        )
        rows = sorted(found, key=lambda row: places[row.criterion_id])
        return call.answer(await _load_ratings(session, rows))


@operation("list_earlier_ratings")
async def list_earlier_ratings(call: Call) -> Answer:
    """Verdicts that later ones have replaced, in that order."""
    asked = {name: value for name, value in call.query.items() if name != "page"}
    query = earlier_ratings_of_project(call.project_id, **asked)
    async with call.read() as session:
        rows, count = await page_of(call, session, query, EarlierRating.id)
        return call.answer(paged([present_earlier_rating(row) for row in rows], count))


@operation("create_ratings_batch")
async def create_ratings_batch(call: Call) -> Answer:
    """Rate many responses in the background. Null when there are none."""
    request = call.decode(models.BatchCreateRatingRequest)
    async with call.write() as session:
        await _check_ratable(session, call.project_id, request.prompt_response_ids)
        task_id = await add_ratings(
            session,
            call.executor.process,
            call.project_id,
            request.prompt_response_ids,
            rating_mode=request.rating_mode.value,
        )
        call.on_commit(call.executor.wake)
        return call.answer(task_id)


@operation("get_ratings_batch_status")
async def get_ratings_batch_status(call: Call) -> Answer:
    """The state of a rating batch. An unknown task reads as PENDING."""
    return await answer_status(call, RATINGS)


@operation("stream_ratings_batch")
async def stream_ratings_batch(call: Call) -> HttpResponse:
    """The states of a rating batch as events. The stream of an unknown task is one PENDING event."""
    return stream_status(call, RATINGS)


async def _load_ratings(session: AsyncSession, rows: Sequence[Rating]) -> list[models.Rating]:
    found = await session.scalars(
        select(Criterion).where(Criterion.id.in_({row.criterion_id for row in rows}))
    )
    criteria = await load_criteria(session, found)
    labels = await labels_of_responses(session, list({row.response_id for row in rows}))
    return [
        present_rating(row, criteria[row.criterion_id], labels.get((row.response_id, row.criterion_id)))
        for row in rows
    ]


async def _check_ratable(session: AsyncSession, project_id: int, ids: Sequence[int]) -> None:
    experiments: dict[int, int] = {}
    for chunk in chunks(list(dict.fromkeys(ids))):
        rows = await session.execute(
            select(Response.id, Experiment.id)
            .join(Experiment, Experiment.id == Response.experiment_id)
            .where(
                Response.id.in_(chunk), Experiment.project_id == project_id, Experiment.deleted_at.is_(None)
            )
        )
        found = {row[0]: row[1] for row in rows}
        missing = sorted(set(chunk) - set(found))
        if missing:
            raise NotFound("response", missing)
        experiments.update({experiment_id: response_id for response_id, experiment_id in found.items()})
    for experiment_id, response_id in experiments.items():
        experiment = await session.get_one(Experiment, experiment_id)
        criterion = await session.scalar(
            select(Criterion.id)
            .where(
                Criterion.criterion_set_id == experiment.criterion_set_id, Criterion.superseded_at.is_(None)
            )
            .limit(1)
        )
        if criterion is None:
            raise Invalid(
                f"Experiment {experiment.name!r} has no criteria to rate response {response_id} by. "
                "Add criteria to its criterion set."
            )
