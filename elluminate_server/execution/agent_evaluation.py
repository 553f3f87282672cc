"""Judging what agents did: the task that does it, and what of an upload the judge is shown."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution import queueing
from elluminate_server.execution.leases import UNFINISHED, Process
from elluminate_server.execution.plans import CriterionPlan
from elluminate_server.store.states import AGENT_EVALUATION
from elluminate_server.store.tables import AgentTask, Criterion, Experiment, LogLine, Task

__all__ = ["add_evaluation", "frozen_criteria"]


async def add_evaluation(
    session: AsyncSession, process: Process, experiment: Experiment, response_ids: Sequence[int]
) -> str:
    """Queue the evaluation of uploaded trials; the task's id.

    An evaluation of the experiment that is still going on takes them in: an experiment has one task at a time,
    whose end is the end of all that was uploaded.

    Args:
        session: The caller's write transaction.
        process: See `queueing.add_task`.
        experiment: AGENTIC; its `generation_task_id` is set.
        response_ids: The trials' responses; at least one.
    """
    task_id = await _find_running(session, experiment)
    if task_id is None:
        task_id = await queueing.add_task(
            session,
            process,
            experiment.project_id,
            experiment.id,
            AGENT_EVALUATION,
            {"rating_mode": experiment.rating_mode},
        )
        await queueing.add_rating_items(session, task_id, response_ids)
    else:
        added = await queueing.add_rating_items(session, task_id, response_ids)
        session.add(LogLine(task_id=task_id, line=f"A later upload adds {added} to rate"))
    experiment.generation_task_id = task_id
    experiment.has_internal_error = False
    await session.flush()
    return task_id


async def _find_running(session: AsyncSession, experiment: Experiment) -> str | None:
    """The experiment's evaluation that is not over, and will not be before this transaction."""
    # One upload after another comes by here. (The experiment's row is the wrong one to lock: the end of a task locks
    # the task, then the experiment.)
    await session.execute(
        select(AgentTask.id)
        .where(AgentTask.experiment_id == experiment.id)
        .order_by(AgentTask.id)
        .limit(1)
        .with_for_update()
    )
    found: str | None = await session.scalar(
        select(Task.id)
        .where(
            Task.experiment_id == experiment.id, Task.kind == AGENT_EVALUATION, Task.status.in_(UNFINISHED)
        )
        .order_by(Task.created_at.desc())
        .limit(1)
        .with_for_update()
    )
    return found


async def frozen_criteria(
    session: AsyncSession, experiment_id: int, entry_id: int
) -> list[CriterionPlan] | None:
    """The criteria of a task as they were frozen; None when nothing was frozen."""
    found = await session.scalar(
        select(AgentTask.criteria).where(
            AgentTask.experiment_id == experiment_id, AgentTask.entry_id == entry_id
        )
    )
    if found is None:
        return None
    # What is frozen never changes its wording under its id.
    wordings = await session.execute(
        select(Criterion.id, Criterion.criterion_str, Criterion.rule).where(
            Criterion.id.in_([criterion["criterion_id"] for criterion in found])
        )
    )
    known = {row.id: row for row in wordings}
    texts = {criterion_id: row.criterion_str for criterion_id, row in known.items()}
    return [
        CriterionPlan(
            id=criterion["criterion_id"],
            text=texts.get(criterion["criterion_id"], criterion["rendered_criterion_str"]),
            label=criterion["label"],
            filled=criterion["rendered_criterion_str"],
            rule=known[criterion["criterion_id"]].rule if criterion["criterion_id"] in known else None,
        )
        for criterion in found
    ]
