"""How a task ended, read from its rows."""

import datetime

import attrs
from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.store.states import RATINGS, RESPONSES, TaskKind
from elluminate_server.store.tables import Rating, Response, Task, WorkItem

__all__ = ["Outcome", "outcome_of"]


@attrs.frozen(kw_only=True)
class Outcome:
    """How a task ended.

    Attributes:
        status: The contract's `TaskStatus`.
        error_msg: The reason when it failed.
        reason: The same without words of endpoints and rows, for logs.
        failed: How many of its items have no answer.
        total: How many items it has.
        is_internal: Whether the reason is a fault of this server.
        last_item: The last work item that it is about; None when the task was broken off.
    """

    status: str
    error_msg: str | None = None
    reason: str | None = None
    failed: int = 0
    total: int = 0
    is_internal: bool = False
    last_item: int | None = None


async def outcome_of(
    session: AsyncSession, task_id: str, kind: TaskKind, since: datetime.datetime
) -> Outcome:
    """SUCCESS, unless nothing at all could be done, and nothing of the experiment was there before.

    Args:
        kind: The task's kind.
        since: When the task was made.
    """
    items = select(WorkItem).where(WorkItem.task_id == task_id).subquery()
    total, failed = (
        await session.execute(select(func.count(), func.count(items.c.error)).select_from(items))
    ).one()
    if total and failed == total and not await _has_answers(session, task_id):
        first = await session.scalar(
            select(WorkItem.error).where(WorkItem.task_id == task_id).order_by(WorkItem.id).limit(1)
        )
        reason = f"None of the {total} responses could be generated."
        return Outcome(
            status="FAILURE", error_msg=f"{reason} {first}", reason=reason, failed=failed, total=total
        )
    success = Outcome(status="SUCCESS", failed=failed, total=total)
    if kind == RESPONSES:
        return success
    answered = (
        await session.scalars(
            select(WorkItem.rating_errors)
            .where(
                WorkItem.task_id == task_id,
                WorkItem.error.is_(None),
                WorkItem.response_id.is_not(None),
            )
            .order_by(WorkItem.id)
        )
    ).all()
    problems = [errors for errors in answered if errors]
    if not answered or len(problems) < len(answered):
        return success
    given = select(Rating.id)
    if kind == RATINGS:  # older ones are not its work
        given = given.join(WorkItem, WorkItem.response_id == Rating.response_id).where(
            WorkItem.task_id == task_id, Rating.created_at >= since
        )
    else:
        given = given.join(Response, Response.id == Rating.response_id).where(
            Response.experiment_id == _experiment_of(task_id)
        )
    if await session.scalar(given.limit(1)) is not None:
        return success
    first = next(iter(problems[0].values()))
    reason = f"None of the {len(answered)} responses could be rated."
    return attrs.evolve(success, status="FAILURE", error_msg=f"{reason} {first}", reason=reason)


async def _has_answers(session: AsyncSession, task_id: str) -> bool:
    """Whether the task's experiment has an answer, from an earlier task."""
    answered = select(Response.id).where(
        Response.experiment_id == _experiment_of(task_id), Response.error.is_(None)
    )
    return await session.scalar(answered.limit(1)) is not None


def _experiment_of(task_id: str) -> ScalarSelect[int | None]:
    return select(Task.experiment_id).where(Task.id == task_id).scalar_subquery()
