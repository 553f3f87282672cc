"""What a project has in the queue, and the processes that work on it."""

import datetime
from collections import defaultdict

import attrs
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution.leases import LEASE_SECONDS, UNFINISHED, latest_expiry
from elluminate_server.store.columns import utc_now
from elluminate_server.store.states import DONE
from elluminate_server.store.tables import Experiment, Share, Task, WorkItem

__all__ = ["QueuedTask", "Worker", "count_tasks", "load_tasks", "workers_of"]


@attrs.frozen
class Worker:
    """A process that holds tasks, or a share in one.

    Attributes:
        name: Under which it holds them.
        beat_at: When it has last said that it is there.
        is_there: Whether what it holds is still its own.
        leads: Tasks that it answers for.
        helps: Tasks that it has a share in.
    """

    name: str
    beat_at: datetime.datetime
    is_there: bool
    leads: int = 0
    helps: int = 0


@attrs.frozen
class QueuedTask:
    """A task that is not over.

    Attributes:
        id: Its id.
        kind: What it is for.
        status: The contract's `TaskStatus`.
        experiment_id: Its experiment; None where that is gone.
        experiment: The name of that.
        created_at: When it was asked for.
        done: Pieces of work that are done.
        pieces: All pieces.
        holder: The process that answers for it; None where it waits for one.
        holders: Every process that has a hold of it, with when it has last said that it is there.
    """

    id: str
    kind: str
    status: str
    experiment_id: int | None
    experiment: str | None
    created_at: datetime.datetime
    done: int
    pieces: int
    holder: str | None
    holders: dict[str, datetime.datetime]


async def count_tasks(session: AsyncSession, project_id: int) -> int:
    """How many of the project's tasks are not over."""
    waiting = select(func.count()).where(Task.project_id == project_id, Task.status.in_(UNFINISHED))
    return await session.scalar(waiting) or 0


async def load_tasks(
    session: AsyncSession, project_id: int, *, limit: int, offset: int = 0
) -> list[QueuedTask]:
    """The project's tasks that are not over, oldest first."""
    rows = (
        await session.execute(
            select(Task, Experiment.name)
            .outerjoin(Experiment, (Experiment.id == Task.experiment_id) & Experiment.deleted_at.is_(None))
            .where(Task.project_id == project_id, Task.status.in_(UNFINISHED))
            .order_by(Task.created_at, Task.id)
            .limit(limit)
            .offset(offset)
        )
    ).all()
    ids = [task.id for task, _ in rows]
    done: dict[str, int] = defaultdict(int)
    pieces: dict[str, int] = defaultdict(int)
    counts = select(WorkItem.task_id, WorkItem.state, func.count()).where(WorkItem.task_id.in_(ids))
    for task_id, state, count in await session.execute(counts.group_by(WorkItem.task_id, WorkItem.state)):
        pieces[task_id] += count
        done[task_id] += count if state == DONE else 0
    holders: dict[str, dict[str, datetime.datetime]] = defaultdict(dict)
    for share in await session.scalars(select(Share).where(Share.task_id.in_(ids))):
        holders[share.task_id][share.owner] = _beat(share.expires_at)
    for task, _ in rows:
        if task.lease_owner is not None and task.lease_expires_at is not None:
            holders[task.id][task.lease_owner] = _beat(task.lease_expires_at)
    return [
        QueuedTask(
            id=task.id,
            kind=task.kind,
            status=task.status,
            experiment_id=None if name is None else task.experiment_id,
            experiment=name,
            created_at=task.created_at,
            done=done[task.id],
            pieces=pieces[task.id],
            holder=task.lease_owner,
            holders=holders[task.id],
        )
        for task, name in rows
    ]


def workers_of(tasks: list[QueuedTask]) -> list[Worker]:
    """The processes that hold these tasks, by name."""
    beats: dict[str, datetime.datetime] = {}
    for task in tasks:
        for name, beat_at in task.holders.items():
            beats[name] = max(beat_at, beats.get(name, beat_at))
    now, lease = utc_now(), datetime.timedelta(seconds=LEASE_SECONDS)
    return [
        Worker(
            name,
            beat_at,
            # One that is later than a lease reaches comes from another clock: see `execution.leases`.
            is_there=now <= beat_at + lease <= latest_expiry(),
            leads=sum(task.holder == name for task in tasks),
            helps=sum(name in task.holders and task.holder != name for task in tasks),
        )
        for name, beat_at in sorted(beats.items())
    ]


def _beat(expires_at: datetime.datetime) -> datetime.datetime:
    return expires_at - datetime.timedelta(seconds=LEASE_SECONDS)
