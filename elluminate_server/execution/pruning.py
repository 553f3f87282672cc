"""Deletes what is older than anybody wants it, in pieces, while servers go on.

An experiment goes the way of every deletion (`deleting`): what a process that dies leaves of it, a server takes away.
"""

import datetime
from typing import Any, cast

import attrs
from sqlalchemy import ColumnElement, CursorResult, Select, delete, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution import leases
from elluminate_server.execution.deleting import delete_in_pieces, delete_piece
from elluminate_server.execution.leases import TERMINAL, UNFINISHED, LeaseLostError, Process
from elluminate_server.store.audit_log import log_command
from elluminate_server.store.engine import Store
from elluminate_server.store.pieces import write_in_pieces
from elluminate_server.store.states import DELETION
from elluminate_server.store.tables import (
    AuditEvent,
    Experiment,
    KeptCall,
    LogCursor,
    LogLine,
    Project,
    Response,
    Task,
    WorkItem,
)

__all__ = [
    "OldExperiment",
    "Survey",
    "count_audit_lines",
    "prune_audit_lines",
    "prune_experiments",
    "prune_others",
    "survey",
]


@attrs.frozen
class OldExperiment:
    """An experiment that is over, and has been for long.

    Attributes:
        id: Its id.
        name: Its name.
        project: The name of its project.
        finished_at: When its last run ended.
        responses: How many it has.
    """

    id: int
    name: str
    project: str
    finished_at: datetime.datetime
    responses: int


@attrs.frozen
class Survey:
    """What is older than a moment.

    Attributes:
        experiments: Those that go, with all that came of them; the oldest first.
        tasks: Ended tasks of no experiment that is there.
        log_lines: Lines of ended tasks, whose experiments may stay.
        kept_calls: Answers that were kept for runs with a cache.
    """

    experiments: list[OldExperiment]
    tasks: int
    log_lines: int
    kept_calls: int


async def survey(store: Store, before: datetime.datetime) -> Survey:
    """What would be deleted.

    Args:
        store: The database.
        before: What has been over since then, or for longer, goes.
    """
    responses = select(func.count()).where(Response.experiment_id == Experiment.id).scalar_subquery()
    found = (
        select(Experiment.id, Experiment.name, Project.name, Experiment.finished_at, responses)
        .join(Project, Project.id == Experiment.project_id)
        .where(_is_old(before))
        .order_by(Experiment.finished_at, Experiment.id)
    )
    async with store.read(is_long=True) as session:
        experiments = [OldExperiment(*row) for row in await session.execute(found)]
        tasks, lines, calls = [
            await session.scalar(select(func.count()).select_from(each.subquery())) or 0
            for each in (_old_tasks(before), _old_lines(before), _old_calls(before))
        ]
    return Survey(experiments, tasks, lines, calls)


async def prune_experiments(store: Store, before: datetime.datetime, experiments: list[OldExperiment]) -> int:
    """Delete experiments with all that came of them; those that run again, or got answers meanwhile, stay.

    Returns:
        How many were deleted.
    """
    process, deleted = Process(), 0
    for each in experiments:
        deleted += await _delete_experiment(store, process, before, each.id)
    return deleted


async def _delete_experiment(
    store: Store, process: Process, before: datetime.datetime, experiment_id: int
) -> bool:
    owner = process.name
    of_it = (Task.experiment_id == experiment_id, Task.kind == DELETION, Task.lease_owner == owner)
    async with store.write() as session:
        row = await session.scalar(select(Experiment).where(Experiment.id == experiment_id, _is_old(before)))
        if row is None:
            return False
        await log_command(session, "prune", row.project_id, ("experiment", row.id, row.name))
        await delete_in_pieces(session, process, row)
        task_id = await session.scalar(select(Task.id).where(*of_it))
        if task_id is None:
            return True  # it was small, and is gone
        await leases.claim(session, owner, task_id)

    async def write(session: AsyncSession, size: int) -> bool:
        if not await leases.renew_for_writing(session, owner, task_id):
            raise LeaseLostError
        if not await delete_piece(session, experiment_id, size):
            return False
        await leases.finish(session, owner, task_id, "SUCCESS", None, internal=False)
        return True

    try:
        await write_in_pieces(store, write)
    except LeaseLostError:
        return True  # a server has taken it over, and goes on with it
    return True


async def prune_others(store: Store, before: datetime.datetime) -> None:
    """Delete old tasks, log lines and kept answers."""
    await _delete(store, WorkItem, WorkItem.id, lambda: _items_of(_old_tasks(before)))
    await _delete(store, LogLine, LogLine.id, lambda: _old_lines(before))
    await _delete(store, Task, Task.id, lambda: _old_tasks(before))
    await _delete(
        store,
        LogCursor,
        tuple_(LogCursor.connection_uuid, LogCursor.task_id),
        lambda: select(LogCursor.connection_uuid, LogCursor.task_id).where(LogCursor.updated_at < before),
    )
    await _delete(store, KeptCall, tuple_(KeptCall.project_id, KeptCall.key), lambda: _old_calls(before))


async def count_audit_lines(store: Store, before: datetime.datetime) -> int:
    """How many lines of the audit log are older than a moment."""
    async with store.read(is_long=True) as session:
        return (
            await session.scalar(select(func.count()).select_from(_old_audit_lines(before).subquery())) or 0
        )


async def prune_audit_lines(store: Store, before: datetime.datetime) -> None:
    """Delete the lines of the audit log that are older than a moment."""
    await _delete(store, AuditEvent, AuditEvent.id, lambda: _old_audit_lines(before))


def _old_audit_lines(before: datetime.datetime) -> Select[int]:
    return select(AuditEvent.id).where(AuditEvent.created_at < before)


async def _delete(store: Store, table: Any, key: Any, old: Any) -> None:
    async def write(session: AsyncSession, size: int) -> bool:
        gone = cast(
            "CursorResult[Any]",
            await session.execute(
                delete(table).where(key.in_(old().limit(size))).execution_options(synchronize_session=False)
            ),
        )
        return gone.rowcount < size

    await write_in_pieces(store, write)


def _is_old(before: datetime.datetime) -> ColumnElement[bool]:
    """Of experiments: over for long, and nothing came to them since. One that never ran is never old."""
    later = exists().where(Response.experiment_id == Experiment.id, Response.created_at >= before)
    task = exists().where(
        Task.experiment_id == Experiment.id,
        Task.status.in_(UNFINISHED) | (Task.finished_at >= before),
    )
    return (
        Experiment.deleted_at.is_(None)
        & Experiment.generation_task_id.is_(None)
        & (Experiment.finished_at < before)
        & ~later
        & ~task
    )


def _old_tasks(before: datetime.datetime) -> Select[Any]:
    """Ended tasks that nothing is told from any more: an experiment's say what is missing of it, and why."""
    return select(Task.id).where(
        Task.status.in_(TERMINAL),
        Task.finished_at < before,
        Task.experiment_id.is_(None),
        ~exists().where(WorkItem.task_id == Task.id, WorkItem.response_id.is_not(None)),
    )


def _items_of(tasks: Select[Any]) -> Select[Any]:
    return select(WorkItem.id).where(WorkItem.task_id.in_(tasks))


def _old_lines(before: datetime.datetime) -> Select[Any]:
    ended = select(Task.id).where(Task.status.in_(TERMINAL), Task.finished_at < before)
    return select(LogLine.id).where(LogLine.task_id.in_(ended))


def _old_calls(before: datetime.datetime) -> Select[int, bytes]:
    return select(KeptCall.project_id, KeptCall.key).where(KeptCall.created_at < before)
