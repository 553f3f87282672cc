"""The moment whose criteria an answer is judged by; what that means is said in `domain.verdicts`."""

import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.store.states import EXPERIMENT, RATINGS
from elluminate_server.store.tables import Response, Task, WorkItem

__all__ = ["load_moment", "moment_of_response", "run_asked_at"]


def run_asked_at(experiment_id: ColumnElement[int] | int) -> ScalarSelect[datetime.datetime]:
    """When the first run of an experiment was asked for; NULL when none was."""
    first = select(func.min(Task.created_at)).where(
        Task.experiment_id == experiment_id, Task.kind == EXPERIMENT
    )
    return first.correlate_except(Task).scalar_subquery()


def moment_of_response() -> ColumnElement[datetime.datetime]:
    """The moment of a `responses` row, in a statement that reads such rows."""
    judged_anew_at = (
        select(func.max(Task.created_at))
        .join(WorkItem, WorkItem.task_id == Task.id)
        .where(WorkItem.response_id == Response.id, Task.kind == RATINGS)
        .correlate_except(Task, WorkItem)
        .scalar_subquery()
    )
    of_experiment: Any = Response.experiment_id
    return func.coalesce(judged_anew_at, run_asked_at(of_experiment), Response.created_at)


async def load_moment(session: AsyncSession, response_id: int) -> datetime.datetime | None:
    """The moment of a response; None when it is not there any more."""
    return await session.scalar(select(moment_of_response()).where(Response.id == response_id))
