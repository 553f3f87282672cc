"""Judging what agents did: the task that does it, and what of an upload the judge is shown."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution import queueing
from elluminate_server.execution.leases import UNFINISHED
from elluminate_server.execution.plans import CriterionPlan
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import AgentTask, Experiment, LogLine, Task, WorkItem

__all__ = ["add_evaluation", "frozen_criteria"]

KIND = "agent_evaluation"


async def add_evaluation(
    session: AsyncSession, owner: str, experiment: Experiment, response_ids: Sequence[int]
) -> str:
    """Queue the evaluation of uploaded trials; the task's id.

    An evaluation of the experiment that is still going on hands over what it has not rated: an experiment has one
    task at a time, whose end is the end of all that was uploaded.
    """
    left = await _taken_over(session, experiment)
    task_id = await queueing.add_task(
        session,
        owner,
        experiment.project_id,
        experiment.id,
        KIND,
        {"rating_mode": experiment.rating_mode},
    )
    await queueing.add_rating_items(session, task_id, [*left, *response_ids])
    experiment.generation_task_id = task_id
    experiment.has_internal_error = False
    await session.flush()
    return task_id


async def _taken_over(session: AsyncSession, experiment: Experiment) -> list[int]:
    """Responses that a running evaluation has not rated yet; it is over then."""
    running = list(
        await session.scalars(
            select(Task.id).where(
                Task.experiment_id == experiment.id, Task.kind == KIND, Task.status.in_(UNFINISHED)
            )
        )
    )
    if not running:
        return []
    open_items = (WorkItem.task_id.in_(running), WorkItem.state != "done")
    left = await session.scalars(select(WorkItem.response_id).where(*open_items).order_by(WorkItem.id))
    response_ids = [response_id for response_id in left if response_id is not None]
    await session.execute(delete(WorkItem).where(*open_items).execution_options(synchronize_session=False))
    await session.execute(
        update(Task)
        .where(Task.id.in_(running))
        .values(status="SUCCESS", finished_at=utc_now(), lease_owner=None, lease_expires_at=None)
        .execution_options(synchronize_session=False)
    )
    line = f"Handed over to the evaluation of a later upload: {len(response_ids)} left to rate"
    session.add_all(LogLine(task_id=task_id, line=line) for task_id in running)
    return response_ids


async def frozen_criteria(
    session: AsyncSession, experiment_id: int, entry_id: int
) -> list[CriterionPlan] | None:
    """The criteria of a task as they were frozen, placeholders replaced; None when nothing was frozen."""
    found = await session.scalar(
        select(AgentTask.criteria).where(
            AgentTask.experiment_id == experiment_id, AgentTask.entry_id == entry_id
        )
    )
    if found is None:
        return None
    return [CriterionPlan(one["criterion_id"], one["rendered_criterion_str"], one["label"]) for one in found]
