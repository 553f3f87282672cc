"""The moment whose criteria an answer is judged by; what that means is said in `domain.verdicts`."""

import datetime
from collections.abc import Collection

from sqlalchemy import ColumnElement, ScalarSelect, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.store.chunks import chunks
from elluminate_server.store.columns import utc_now
from elluminate_server.store.states import EXPERIMENT
from elluminate_server.store.tables import Response, Task

__all__ = ["judge_anew", "moment_of", "moment_of_response", "run_asked_at"]


def run_asked_at(experiment_id: ColumnElement[int] | int) -> ScalarSelect[datetime.datetime]:
    """When the first run of an experiment was asked for; NULL when none was."""
    first = select(func.min(Task.created_at)).where(
        Task.experiment_id == experiment_id, Task.kind == EXPERIMENT
    )
    return first.correlate_except(Task).scalar_subquery()


def moment_of(response: Response) -> datetime.datetime:
    """The moment of a response."""
    return response.judged_as_of or response.created_at


def moment_of_response() -> ColumnElement[datetime.datetime]:
    """The moment of a `responses` row, in a statement that reads such rows."""
    moment: ColumnElement[datetime.datetime] = func.coalesce(Response.judged_as_of, Response.created_at)
    return moment


async def judge_anew(session: AsyncSession, response_ids: Collection[int]) -> None:
    """Have responses judged by the criteria that their set has now, from here on."""
    now = utc_now()
    for chunk in chunks(list(response_ids)):
        await session.execute(
            update(Response)
            .where(Response.id.in_(chunk))
            .values(judged_as_of=now)
            .execution_options(synchronize_session=False)
        )
