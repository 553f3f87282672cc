"""Whether the built-in offline model did the work of an experiment: its figures measure nothing then."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.llm.offline import OFFLINE_CONFIG
from elluminate_server.store.tables import Rating, Response

__all__ = ["offline_work"]


async def offline_work(session: AsyncSession, experiment_id: int) -> tuple[bool, bool]:
    """Whether it answered, and whether it judged; told by the first and the last of either, which one run has alike."""
    answers = select(Response.generation_metadata).where(
        Response.experiment_id == experiment_id, Response.error.is_(None)
    )
    verdicts = (
        select(Rating.generation_metadata)
        .join(Response, Response.id == Rating.response_id)
        .where(Response.experiment_id == experiment_id, Rating.origin == "judge")
    )
    return (
        await _is_offline(session, answers, Response.entry_id, Response.id),
        await _is_offline(session, verdicts, Response.entry_id, Rating.id),
    )


async def _is_offline(session: AsyncSession, found: Any, *order: Any) -> bool:
    ends = [
        await session.scalar(found.order_by(*order).limit(1)),
        await session.scalar(found.order_by(*(one.desc() for one in order)).limit(1)),
    ]
    return any((one or {}).get("answered_by_model") == OFFLINE_CONFIG.model for one in ends)
