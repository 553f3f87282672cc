"""Usage statistics: responses, tokens and verdicts of the last days."""

import datetime
from typing import Any

from elluminate_api import models
from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.reading.finding import see_llm_config
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import Experiment, Rating, Response


@operation("get_response_stats")
async def get_response_stats(call: Call) -> Answer:
    """Sums over the last days, today included, and one entry for each day in UTC."""
    config_id = call.query["llm_config_id"]
    today = utc_now().date()
    days = [today - datetime.timedelta(days=back) for back in reversed(range(call.query["days"]))]
    async with call.read() as session:
        if config_id is not None:
            await see_llm_config(session, call.project_id, config_id)
        chosen = _chosen(call.project_id, days[0], config_id)
        totals = (await session.execute(select(*_TOTALS).where(*chosen).join(*_OF_EXPERIMENT))).one()
        share = await session.scalar(
            select(func.avg(case((Rating.rating == "YES", 1.0), else_=0.0)))
            .join(Response, Response.id == Rating.response_id)
            .join(*_OF_EXPERIMENT)
            .where(*chosen)
        )
        usage = await _by_day(session, chosen)
    return call.answer(
        models.ResponsesStats(
            total_responses=totals.responses,
            average_duration_seconds=totals.mean_duration,
            min_duration_seconds=totals.min_duration,
            max_duration_seconds=totals.max_duration,
            total_input_tokens=int(totals.input_tokens or 0),
            total_output_tokens=int(totals.output_tokens or 0),
            average_input_tokens=float(totals.mean_input_tokens or 0),
            average_output_tokens=float(totals.mean_output_tokens or 0),
            average_rating=None if share is None else float(share),
            daily_usage=[usage.get(day) or models.DailyUsageStats(date=day) for day in days],
        )
    )


_OF_EXPERIMENT = (Experiment, Experiment.id == Response.experiment_id)

_TOTALS = (
    func.count(Response.id).label("responses"),
    func.avg(Response.duration_seconds).label("mean_duration"),
    func.min(Response.duration_seconds).label("min_duration"),
    func.max(Response.duration_seconds).label("max_duration"),
    func.sum(Response.input_tokens).label("input_tokens"),
    func.sum(Response.output_tokens).label("output_tokens"),
    func.avg(Response.input_tokens).label("mean_input_tokens"),
    func.avg(Response.output_tokens).label("mean_output_tokens"),
)


def _chosen(project_id: int, since: datetime.date, config_id: int | None) -> list[Any]:
    """Conditions on responses joined with their experiments."""
    midnight = datetime.datetime.combine(since, datetime.time(), datetime.UTC)
    chosen: list[Any] = [
        Experiment.project_id == project_id,
        Experiment.deleted_at.is_(None),
        Response.created_at >= midnight,
    ]
    if config_id is not None:
        answered_by = Response.generation_metadata[("llm_model_config", "id")].as_integer()
        chosen.append(func.coalesce(answered_by, Experiment.llm_config_id) == config_id)
    return chosen


async def _by_day(session: AsyncSession, chosen: list[Any]) -> dict[datetime.date, models.DailyUsageStats]:
    created: Any = Response.created_at
    if session.get_bind().dialect.name == "postgresql":
        created = func.timezone("UTC", created)  # SQLite stores UTC without a zone
    day = func.date(created)
    found = await session.execute(
        select(
            day.label("day"),
            func.count(Response.id).label("requests"),
            func.sum(Response.input_tokens).label("input_tokens"),
            func.sum(Response.output_tokens).label("output_tokens"),
        )
        .join(*_OF_EXPERIMENT)
        .where(*chosen)
        .group_by(day)
    )
    usage: dict[datetime.date, models.DailyUsageStats] = {}
    for row in found:
        date = row.day if isinstance(row.day, datetime.date) else datetime.date.fromisoformat(str(row.day))
        usage[date] = models.DailyUsageStats(
            date=date,
            requests=row.requests,
            input_tokens=int(row.input_tokens or 0),
            output_tokens=int(row.output_tokens or 0),
        )
    return usage
