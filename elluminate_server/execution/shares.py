"""Who works on which items of a task: shares, which are claimed, renewed, given back, and taken from the dead.

A task's work is shared by processes. Each holds the items that it has claimed, by its name in their rows, for as long
as its share in the task has not expired. It renews the share with its heartbeat and with everything that it writes,
and writes for no item that it does not hold. What a dead process held is free again when its share has run out,
whoever notices first.

An item over which processes die again and again, with nothing that came of it, is tried last, beside fewer and fewer
others, at the end alone; then it is given up, and the rest of the run is done all the same.
"""

import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import Connection, Row, and_, bindparam, case, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution import leases
from elluminate_server.store.columns import utc_now
from elluminate_server.store.prepared import execute
from elluminate_server.store.states import DONE
from elluminate_server.store.tables import IS_FREE, Base, Share, Task, WorkItem
from elluminate_server.store.upserts import upsert

__all__ = [
    "SUSPECT_AFTER",
    "Claim",
    "ItemLostError",
    "claim",
    "find_open",
    "holds_any",
    "is_any_free",
    "is_any_held",
    "is_any_left",
    "is_anyone_dead",
    "keep_while_writing",
    "leave",
    "renew",
    "shared_with_others",
    "take_from_the_dead",
]

SUSPECT_AFTER = 2
"""Processes that have died over an item before it is tried last, and beside few others."""

_TOGETHER = {SUSPECT_AFTER: 8}
"""By how many have died over them, how many such items one process tries at a time; else one."""


class ItemLostError(Exception):
    """Another process has taken the item over: nothing was written of it."""


@attrs.frozen(kw_only=True)
class Claim:
    """Items that a process wants.

    Attributes:
        size: Most of them.
        last_item: None after this one.
        takes_suspects: Whether it tries what others have died over, where nothing else is left.
    """

    size: int
    last_item: int
    takes_suspects: bool


def keep_while_writing(connection: Connection, owner: str, results: Mapping[str, bool]) -> set[str]:
    """Renew the shares in tasks that are written for; the tasks that still go on.

    Their end waits for the transaction.

    Args:
        connection: In a write transaction.
        owner: The process.
        results: Task to whether anything that came of it is written.
    """
    going_on = sorted(execute(connection, _GOING_ON, {"ids": list(results)}).scalars())
    for task_id in going_on:
        values = {"task": task_id, "process": owner, "until": leases.expiry(), "progress": results[task_id]}
        execute(connection, _keep(connection.dialect.name), values)
    return set(going_on)


def claim(connection: Connection, owner: str, task_id: str, wanted: Claim) -> Sequence[Row[*tuple[Any, ...]]]:
    """Take items, in their order: those that were left by one that died, then those that were never begun.

    Args:
        connection: In a write transaction.
        owner: The process, which has a share in the task.
        task_id: The task.
        wanted: What it wants.
    """
    found: list[Row[*tuple[Any, ...]]] = []
    for attempts in range(SUSPECT_AFTER - 1, -1, -1):
        if len(found) < wanted.size:
            found += connection.execute(_FREE, _free(task_id, wanted, attempts, wanted.size - len(found)))
    if not found and wanted.takes_suspects:
        suspects = connection.execute(_SUSPECTS, _free(task_id, wanted, SUSPECT_AFTER, wanted.size)).all()
        found = _tried_together(suspects)
    if found:
        connection.execute(_HOLD, {"ids": [row.id for row in found], "process": owner})
    return found


def _free(task_id: str, wanted: Claim, attempts: int, size: int) -> dict[str, Any]:
    return {"task": task_id, "last": wanted.last_item, "deaths": attempts, "size": size}


def _tried_together(suspects: Sequence[Row[*tuple[Any, ...]]]) -> list[Row[*tuple[Any, ...]]]:
    """The first of them, and those beside which it may be tried."""
    alike = [row for row in suspects if row.attempts == suspects[0].attempts]
    if alike and alike[0].attempts >= leases.MAX_ATTEMPTS:
        return alike  # they are only put on record
    return alike[: _TOGETHER.get(alike[0].attempts, 1)] if alike else []


async def renew(session: AsyncSession, owner: str, task_ids: Collection[str]) -> dict[str, str | None]:
    """Renew the shares in the tasks; those that still go on, with why nothing more of them is to be begun."""
    await session.execute(
        update(Share)
        .where(Share.owner == owner, Share.task_id.in_(list(task_ids)))
        .values(expires_at=leases.expiry())
    )
    found = await session.execute(
        select(Task.id, Task.ended_by).where(Task.id.in_(list(task_ids)), Task.status == "STARTED")
    )
    return {row.id: row.ended_by for row in found}


async def take_from_the_dead(session: AsyncSession) -> set[str]:
    """Free what is held by shares that have expired; the tasks that they are in.

    A death counts against the items that were held. None is given up for one of a process that had got something of
    the task done: that may have died of anything.
    """
    gone = (
        await session.execute(
            select(Share.task_id, Share.owner, Share.has_progressed)
            .where(_has_expired())
            .order_by(Share.task_id, Share.owner)
            .with_for_update(skip_locked=True)
        )
    ).all()
    for task_id, owner, has_progressed in gone:
        await session.execute(delete(Share).where(Share.task_id == task_id, Share.owner == owner))
        most = leases.MAX_ATTEMPTS - 1 if has_progressed else leases.MAX_ATTEMPTS
        counted = case((WorkItem.attempts < most, WorkItem.attempts + 1), else_=WorkItem.attempts)
        await _let_go(session, task_id, owner, attempts=counted)
    return {row.task_id for row in gone}


async def is_anyone_dead(session: AsyncSession) -> bool:
    """Whether a share has expired."""
    return await session.scalar(select(Share.task_id).where(_has_expired()).limit(1)) is not None


async def leave(session: AsyncSession, owner: str, task_ids: Collection[str]) -> None:
    """Give back what a process has of the tasks, which is no death."""
    await session.execute(delete(Share).where(Share.owner == owner, Share.task_id.in_(list(task_ids))))
    for task_id in sorted(task_ids):
        await _let_go(session, task_id, owner)


async def _let_go(session: AsyncSession, task_id: str, owner: str, **changes: Any) -> None:
    await session.execute(
        update(WorkItem)
        .where(WorkItem.holder == owner, WorkItem.task_id == task_id)
        .values(holder=None, **changes)
        .execution_options(synchronize_session=False)
    )


async def find_open(session: AsyncSession, running: Collection[str], limit: int) -> list[Task]:
    """Tasks of which others than their holder may do a part, and in which something is free, oldest first."""
    free = select(WorkItem.id).where(WorkItem.task_id == Task.id, IS_FREE)
    found = await session.scalars(
        select(Task)
        .where(
            Task.status == "STARTED",
            Task.is_open,
            Task.ended_by.is_(None),
            Task.id.not_in(list(running)),
            free.exists(),
        )
        .order_by(Task.created_at)
        .limit(limit)
    )
    return list(found)


async def shared_with_others(session: AsyncSession, owner: str, task_ids: Collection[str]) -> set[str]:
    """Those of the tasks in which other processes have shares."""
    if not task_ids:
        return set()
    found = await session.scalars(
        select(Share.task_id).where(Share.owner != owner, Share.task_id.in_(list(task_ids)))
    )
    return set(found)


async def is_any_free(session: AsyncSession, task_id: str, last_item: int) -> bool:
    """Whether an item of the task may be claimed."""
    free = select(WorkItem.id).where(WorkItem.task_id == task_id, WorkItem.id <= last_item, IS_FREE)
    return await session.scalar(free.limit(1)) is not None


async def is_any_left(session: AsyncSession, task_id: str, last_item: int) -> bool:
    """Whether an item of the task is not done, whoever has it."""
    left = select(WorkItem.id).where(
        WorkItem.task_id == task_id, WorkItem.id <= last_item, WorkItem.state != DONE
    )
    return await session.scalar(left.limit(1)) is not None


async def holds_any(session: AsyncSession, owner: str, task_id: str) -> bool:
    """Whether the process holds an item of the task."""
    held = select(WorkItem.id).where(WorkItem.holder == owner, WorkItem.task_id == task_id)
    return await session.scalar(held.limit(1)) is not None


async def is_any_held(session: AsyncSession, owner: str, task_id: str) -> bool:
    """Whether another process works on an item of the task."""
    held = select(Share.task_id).where(
        Share.task_id == task_id,
        Share.owner != owner,
        select(WorkItem.id).where(WorkItem.holder == Share.owner, WorkItem.task_id == task_id).exists(),
    )
    return await session.scalar(held.limit(1)) is not None


def _has_expired() -> Any:
    return or_(Share.expires_at < utc_now(), Share.expires_at > leases.latest_expiry())


# Built once: building a statement costs more than running it.

_TASKS = Base.metadata.tables[Task.__tablename__]
_SHARES = Base.metadata.tables[Share.__tablename__]
_ITEMS = Base.metadata.tables[WorkItem.__tablename__]

_GOING_ON = (
    select(_TASKS.c.id)
    .where(_TASKS.c.id.in_(bindparam("ids", expanding=True)), _TASKS.c.status == "STARTED")
    .order_by(_TASKS.c.id)
    .with_for_update(read=True)
)

_COLUMNS = (
    _ITEMS.c.id,
    _ITEMS.c.entry_id,
    _ITEMS.c.epoch,
    _ITEMS.c.state,
    _ITEMS.c.attempts,
    _ITEMS.c.response_id,
    _ITEMS.c.payload,
    _ITEMS.c.persona_version_id,
)

_THERE = and_(_ITEMS.c.task_id == bindparam("task"), _ITEMS.c.id <= bindparam("last"), IS_FREE)

_FREE = (
    select(*_COLUMNS)
    .where(_THERE, _ITEMS.c.attempts == bindparam("deaths"))
    .order_by(_ITEMS.c.id)
    .limit(bindparam("size"))
    .with_for_update(skip_locked=True)
)

_SUSPECTS = (
    select(*_COLUMNS)
    .where(_THERE, _ITEMS.c.attempts >= bindparam("deaths"))
    .order_by(_ITEMS.c.attempts, _ITEMS.c.id)
    .limit(bindparam("size"))
    .with_for_update(skip_locked=True)
)

_HOLD = (
    update(_ITEMS)
    .where(_ITEMS.c.id.in_(bindparam("ids", expanding=True)))
    .values(holder=bindparam("process"))
)


@functools.cache
def _keep(dialect: str) -> Any:
    row: dict[str, Any] = {
        "task_id": bindparam("task"),
        "owner": bindparam("process"),
        "expires_at": bindparam("until"),
        "has_progressed": bindparam("progress"),
    }
    statement = upsert(dialect, _SHARES).values(row)
    return statement.on_conflict_do_update(
        index_elements=["task_id", "owner"],
        set_={
            "expires_at": statement.excluded.expires_at,
            "has_progressed": or_(_SHARES.c.has_progressed, statement.excluded.has_progressed),
        },
    )
