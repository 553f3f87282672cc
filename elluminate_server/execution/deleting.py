"""Deletes an experiment with everything that came of it, in pieces when that is much.

A large one is hidden at once, and a task takes away what is left of it: whatever a process that dies leaves, the
next one finds and goes on with.
"""

import uuid
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution.leases import Process
from elluminate_server.execution.queueing import add_task
from elluminate_server.store import pieces
from elluminate_server.store.columns import utc_now
from elluminate_server.store.states import DELETION
from elluminate_server.store.tables import AgentTask, Experiment, LogLine, Prompt, Response, Task, WorkItem

__all__ = ["delete_in_pieces", "delete_piece"]


async def delete_in_pieces(session: AsyncSession, process: Process, experiment: Experiment) -> None:
    """Delete an experiment of which nothing runs: at once when it is small, else by a task.

    Args:
        session: The caller's write transaction.
        process: See `queueing.add_task`.
        experiment: Readers do not see it any more when the transaction is committed; its name is free.
    """
    if await delete_piece(session, experiment.id, pieces.FIRST_SIZE):
        return
    experiment.deleted_at = utc_now()
    experiment.name = f"deleted {uuid.uuid4().hex}"
    await add_task(session, process, experiment.project_id, experiment.id, DELETION, {})
    await session.flush()


async def delete_piece(session: AsyncSession, experiment_id: int, size: int) -> bool:
    """Delete about `size` rows that belong to an experiment, itself last; whether it is gone now."""
    left = size
    for table, rows in _belongings(experiment_id):
        if left <= 0:
            return False
        deleted = cast(
            "CursorResult[Any]",
            await session.execute(
                delete(table)
                .where(table.id.in_(rows.limit(left)))
                .execution_options(synchronize_session=False)
            ),
        )
        left -= deleted.rowcount
    if left <= 0:
        return False
    await session.execute(
        delete(Experiment).where(Experiment.id == experiment_id).execution_options(synchronize_session=False)
    )
    return True


def _belongings(experiment_id: int) -> Sequence[tuple[Any, Select[Any]]]:
    """Tables with the ids of an experiment's rows, in the order in which they may go: ratings go with responses."""
    tasks = select(Task.id).where(Task.experiment_id == experiment_id)
    return (
        (WorkItem, select(WorkItem.id).where(WorkItem.task_id.in_(tasks))),
        (LogLine, select(LogLine.id).where(LogLine.task_id.in_(tasks))),
        (Response, select(Response.id).where(Response.experiment_id == experiment_id)),
        (Prompt, select(Prompt.id).where(Prompt.experiment_id == experiment_id)),
        (AgentTask, select(AgentTask.id).where(AgentTask.experiment_id == experiment_id)),
    )
