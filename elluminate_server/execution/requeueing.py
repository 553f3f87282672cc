"""Queues again what is missing of an experiment, answers and verdicts; whatever is there stays as it is."""

from elluminate_api.models import EvaluationMode
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution.gaps import unfinished_tasks
from elluminate_server.execution.leases import Process
from elluminate_server.execution.preparing import (
    Gaps,
    Rows,
    Step,
    Unfinished,
    begin_preparing,
    set_steps,
    steps_of,
)
from elluminate_server.execution.queueing import add_task
from elluminate_server.store.columns import utc_now
from elluminate_server.store.states import AGENT_EVALUATION, EXPERIMENT, TaskKind
from elluminate_server.store.tables import Experiment

__all__ = ["add_retry"]


async def add_retry(
    session: AsyncSession, process: Process, experiment: Experiment, *, rating_mode: str
) -> str:
    """Queue what is missing of an experiment that does not run; the task's id.

    - What an ended task left undone: rows and epochs without a response, answers that were not judged yet.
    - Failed responses, which are deleted, if a model gives the experiment's answers.
    - Answers that lack a verdict on a criterion of the experiment, for these criteria alone.

    Rows that were added to the collection after the run was asked for are not part of it, and rows that were
    deleted are not answered any more. Epochs, personas, models and sampling stay those of the run.

    Args:
        session: The caller's write transaction.
        process: See `queueing.add_task`.
        experiment: Not running; its `generation_task_id` is set.
        rating_mode: `fast` or `detailed`.
    """
    kind: TaskKind = AGENT_EVALUATION if experiment.evaluation_mode == EvaluationMode.AGENTIC else EXPERIMENT
    task_id = await add_task(
        session, process, experiment.project_id, experiment.id, kind, {"rating_mode": rating_mode}
    )
    never_queued: list[Step] = []
    not_done: list[Step] = []
    for ended in await unfinished_tasks(session, experiment.id):
        never_queued += [step for step in steps_of(ended) if isinstance(step, Rows)]
        set_steps(ended, [])
        not_done.append(Unfinished(task_id=ended.id))
    await begin_preparing(session, task_id, [*never_queued, *not_done, Gaps()])
    if experiment.started_at is not None and experiment.finished_at is not None:
        # The time between the two runs is nobody's work: the duration goes on from where it stood.
        experiment.started_at = utc_now() - (experiment.finished_at - experiment.started_at)
    experiment.finished_at = None
    experiment.rating_mode = rating_mode
    experiment.generation_task_id = task_id
    experiment.has_internal_error = False
    await session.flush()
    return task_id
