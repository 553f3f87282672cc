"""Which process answers for a task: leases in the task's row, taken, renewed, given back.

A process owns a task while its name is in the row and the lease has not expired. It renews the lease every
few seconds. It alone makes the task's items, declares its end, or deletes what it is to delete. The items themselves
are worked on by it and others; whose each of them is, is said in `shares`. So a task of a killed process is free after
`LEASE_SECONDS`, and a process that was only asleep for that long cannot write a second answer.

Times are the processes' own. A clock that was put back leaves leases that end long after they could; they count as
expired. The clocks of processes that share a database have to agree within `LEASE_SECONDS`.
"""

import datetime
import logging
import uuid
from collections.abc import Collection
from typing import Any, cast

import attrs
from sqlalchemy import CursorResult, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.store.columns import utc_now
from elluminate_server.store.states import EXPERIMENT
from elluminate_server.store.tables import Experiment, LogLine, Share, Task, WorkItem

__all__ = [
    "HEARTBEAT_SECONDS",
    "LEASE_SECONDS",
    "MAX_ATTEMPTS",
    "TERMINAL",
    "UNFINISHED",
    "LeaseLostError",
    "Process",
    "claim",
    "count_no_deaths",
    "expiry",
    "find_claimable",
    "finish",
    "latest_expiry",
    "new_owner",
    "release",
    "renew",
    "renew_for_writing",
    "revoke",
    "revoke_all",
]

logger = logging.getLogger("elluminate_server.execution")

LEASE_SECONDS = 10.0
HEARTBEAT_SECONDS = 3.0

MAX_ATTEMPTS = 5
"""How many processes in a row may die over a task or an item, with nothing that came of it, before it is given up."""

UNFINISHED = ("PENDING", "STARTED")
TERMINAL = ("SUCCESS", "FAILURE", "REVOKED", "REJECTED", "TIMEOUT")


class LeaseLostError(Exception):
    """The task was revoked, or another process has taken it over: stop, and write nothing more."""


def new_owner() -> str:
    """A name for this process that no other has."""
    return uuid.uuid4().hex


@attrs.frozen(kw_only=True)
class Process:
    """A process, as what it is asked to do is queued.

    Attributes:
        name: Under which it holds leases; no other has it.
        works: Whether it runs tasks; else what it is asked for is free for others at once.
        shares: Whether others may do a part of what it is asked for, because they are configured alike.
    """

    name: str = attrs.field(factory=new_owner)
    works: bool = True
    shares: bool = False


def expiry() -> datetime.datetime:
    """When a lease that is taken now expires."""
    return utc_now() + datetime.timedelta(seconds=LEASE_SECONDS)


def latest_expiry() -> datetime.datetime:
    """Twice as far as a lease reaches: one that expires later was written by another clock, and counts as expired."""
    return utc_now() + datetime.timedelta(seconds=2 * LEASE_SECONDS)


async def find_claimable(
    session: AsyncSession, owner: str, running: Collection[str], limit: int
) -> dict[str, bool]:
    """Tasks that `owner` may take, oldest first, and whether another process has left them.

    Its own are those that it has queued; the others are those that nobody holds any more.
    """
    found = await session.execute(
        select(Task.id, Task.lease_owner, Task.status)
        .where(Task.status.in_(UNFINISHED), _free_for(owner), Task.id.not_in(list(running)))
        .order_by(Task.created_at)
        .limit(limit)
    )
    # What a process that only serves was asked nobody has had yet.
    return {
        task_id: holder != owner and (holder is not None or status != "PENDING")
        for task_id, holder, status in found
    }


async def claim(session: AsyncSession, owner: str, task_id: str) -> bool:
    """Take a task; False when it is over, or another process was faster.

    A task over which `MAX_ATTEMPTS` processes have died since anything was done is ended as FAILURE instead.
    """
    await _lock_experiment_of(session, task_id)
    taken = await _count(
        session,
        update(Task)
        .where(Task.id == task_id, Task.status.in_(UNFINISHED), _free_for(owner))
        .values(
            status="STARTED",
            lease_owner=owner,
            lease_expires_at=expiry(),
            attempts=Task.attempts + 1,
        ),
    )
    if not taken:
        return False
    task = await session.get_one(Task, task_id, populate_existing=True)
    if task.attempts > MAX_ATTEMPTS:
        reason = (
            f"Given up: the server ended {MAX_ATTEMPTS} times in a row in the middle of this task, and got nothing "
            "more of it done. See its log; what was done until then is kept, and a retry goes on from there."
        )
        logger.error("Task %s: %s", task_id, reason)
        await finish(session, owner, task_id, "FAILURE", reason, internal=True)
        return False
    now = utc_now()
    if task.started_at is None:
        task.started_at = now
    if task.experiment_id is not None and task.kind == EXPERIMENT:
        await session.execute(
            update(Experiment)
            .where(Experiment.id == task.experiment_id, Experiment.started_at.is_(None))
            .values(started_at=now)
        )
    return True


async def renew_for_writing(session: AsyncSession, owner: str, task_id: str) -> bool:
    """Renew the lease of one task inside a transaction that writes what it produced; False when it is lost.

    That is progress: the lives before this one no longer count as attempts.
    """
    mine = _renewal(owner, [task_id]).values(attempts=1)
    return bool(await _count(session, mine))


async def count_no_deaths(session: AsyncSession, owner: str, task_id: str) -> None:
    """Forget the processes that died over the task: from here on, those that die over its items are counted."""
    await session.execute(
        update(Task).where(Task.id == task_id, Task.lease_owner == owner).values(attempts=1)
    )


async def renew(session: AsyncSession, owner: str, task_ids: Collection[str]) -> set[str]:
    """Renew the leases of the tasks; those that are still held."""
    await session.execute(_renewal(owner, task_ids))
    kept = await session.scalars(
        select(Task.id).where(
            Task.id.in_(list(task_ids)), Task.lease_owner == owner, Task.status == "STARTED"
        )
    )
    return set(kept)


async def release(session: AsyncSession, owner: str) -> None:
    """Give back everything that `owner` holds, because it stops in good order: that is no failed attempt."""
    await session.execute(
        update(Task)
        .where(Task.lease_owner == owner, Task.status == "STARTED")
        .values(attempts=Task.attempts - 1)
    )
    await session.execute(
        update(Task)
        .where(Task.lease_owner == owner, Task.status.in_(UNFINISHED))
        .values(lease_owner=None, lease_expires_at=None)
    )
    await session.execute(delete(Share).where(Share.owner == owner))
    await session.execute(_letting_go(WorkItem.holder == owner))


async def finish(
    session: AsyncSession,
    owner: str,
    task_id: str,
    status: str,
    error_msg: str | None,
    *,
    internal: bool,
    last_item: int | None = None,
) -> bool:
    """End a task and free its experiment.

    Args:
        session: The write transaction.
        owner: Who holds the task.
        task_id: The task.
        status: One of `TERMINAL`.
        error_msg: The reason when it failed.
        internal: Whether the reason is a fault of this server.
        last_item: The last work item that the end is about; None for whatever there is.

    Returns:
        False when the task was given work after that item: it goes on.

    Raises:
        LeaseLostError: It is not the owner's any more.
    """
    await _lock_experiment_of(session, task_id)
    if last_item is not None:
        # Locks the row, too: work is added by those who hold it.
        if not await renew_for_writing(session, owner, task_id):
            raise LeaseLostError
        added = select(WorkItem.id).where(WorkItem.task_id == task_id, WorkItem.id > last_item).limit(1)
        if await session.scalar(added) is not None:
            return False
    now = utc_now()
    ended = await _count(
        session,
        update(Task)
        .where(Task.id == task_id, Task.lease_owner == owner, Task.status == "STARTED")
        .values(status=status, error_msg=error_msg, finished_at=now, lease_owner=None, lease_expires_at=None),
    )
    if not ended:
        raise LeaseLostError
    await _end_shares(session, [task_id])
    changes: dict[str, Any] = {"generation_task_id": None, "finished_at": now}
    if internal:
        changes["has_internal_error"] = True
    await session.execute(
        update(Experiment).where(Experiment.generation_task_id == task_id).values(**changes)
    )
    if error_msg is not None:
        session.add(LogLine(task_id=task_id, line=f"{status}: {error_msg}"))
    return True


async def revoke(session: AsyncSession, experiment: Experiment, reason: str) -> str | None:
    """End the running task of an experiment, whoever holds it; its id, or None when nothing was running.

    Whoever runs it notices at its next write or heartbeat, and writes nothing more.
    """
    task_id = experiment.generation_task_id
    if task_id is None:
        return None
    if await _count(session, _revocation(Task.id == task_id, reason)):
        session.add(LogLine(task_id=task_id, line=f"REVOKED: {reason}"))
        await _end_shares(session, [task_id])
    experiment.generation_task_id, experiment.finished_at = None, utc_now()
    return task_id


async def revoke_all(session: AsyncSession, experiment_id: int, reason: str) -> None:
    """End every task that is about an experiment, whoever holds it, because the experiment is going to be deleted.

    Whoever runs one notices at its next write or heartbeat, and writes nothing more.
    """
    await session.execute(
        _revocation(Task.experiment_id == experiment_id, reason).execution_options(synchronize_session=False)
    )


async def _end_shares(session: AsyncSession, task_ids: Collection[str]) -> None:
    """Of a task that is over nobody has a part any more."""
    held = list(await session.scalars(select(Share.owner).where(Share.task_id.in_(list(task_ids)))))
    if held:
        await session.execute(delete(Share).where(Share.task_id.in_(list(task_ids))))
        await session.execute(_letting_go(WorkItem.holder.in_(held), WorkItem.task_id.in_(list(task_ids))))


async def _lock_experiment_of(session: AsyncSession, task_id: str) -> None:
    """Lock the experiment before its task, as requests do that cancel or retry it: else both may wait for each other.

    On SQLite whoever writes is alone anyway.
    """
    of_task = select(Experiment.id).join(Task, Task.experiment_id == Experiment.id).where(Task.id == task_id)
    await session.execute(of_task.with_for_update(of=Experiment, key_share=True))


def _letting_go(*which: Any) -> Any:
    return update(WorkItem).where(*which).values(holder=None).execution_options(synchronize_session=False)


def _revocation(which: Any, reason: str) -> Any:
    return (
        update(Task)
        .where(which, Task.status.in_(UNFINISHED))
        .values(
            status="REVOKED",
            error_msg=reason,
            finished_at=utc_now(),
            lease_owner=None,
            lease_expires_at=None,
        )
    )


def _free_for(owner: str) -> Any:
    now = utc_now()
    return or_(
        Task.lease_owner.is_(None),
        Task.lease_owner == owner,
        Task.lease_expires_at < now,
        Task.lease_expires_at > latest_expiry(),
    )


def _renewal(owner: str, task_ids: Collection[str]) -> Any:
    mine = and_(Task.id.in_(list(task_ids)), Task.lease_owner == owner, Task.status == "STARTED")
    return update(Task).where(mine).values(lease_expires_at=expiry())


async def _count(session: AsyncSession, statement: Any) -> int:
    result = cast("CursorResult[Any]", await session.execute(statement))
    return result.rowcount
