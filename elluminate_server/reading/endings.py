"""How the last run of an experiment ended, in words."""

from elluminate_api.models import TaskStatus
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.store.states import EXPERIMENT
from elluminate_server.store.tables import Task

__all__ = ["load_ending"]


async def load_ending(session: AsyncSession, experiment_id: int) -> str | None:
    """Why it did not end well; None where it did, goes on, or never was."""
    found = await session.execute(
        select(Task.status, Task.error_msg)
        .where(Task.experiment_id == experiment_id, Task.kind == EXPERIMENT)
        .order_by(Task.created_at.desc(), Task.id.desc())
        .limit(1)
    )
    for status, reason in found:
        return None if status == TaskStatus.SUCCESS else reason or f"The run ended {status}."
    return None
