"""How far a task is: counted from its rows, never remembered."""

import attrs
from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution.leases import TERMINAL
from elluminate_server.execution.preparing import announced_answers
from elluminate_server.store.rows import fetch
from elluminate_server.store.states import DONE, PENDING
from elluminate_server.store.tables import IS_FLAWED, Experiment, LogCursor, LogLine, Task, WorkItem

__all__ = [
    "MAX_EVENT_CHARACTERS",
    "EpochProgress",
    "LogDelta",
    "Progress",
    "is_going_on",
    "item_states",
    "log_after",
    "log_for_connection",
    "progress_of",
]

MAX_EVENT_CHARACTERS = 150_000
"""Most characters of log in one event, which has to stay below 1 MiB whatever its JSON escapes."""

MAX_POLL_CHARACTERS = 16_000_000
"""Most characters of log in one poll. There is no next poll after a terminal status, so that it is generous."""

LINES_AT_A_TIME = 1000
"""Lines of a log that are read together."""


@attrs.frozen(kw_only=True)
class EpochProgress:
    """The counts of one epoch; see `Progress`."""

    epoch: int
    answered: int
    rated: int
    total: int


@attrs.frozen(kw_only=True)
class Progress:
    """State of a task.

    Attributes:
        status: The contract's `TaskStatus`.
        error_msg: Why it failed.
        answered: Answers that are there, failed ones included.
        rated: Answers whose rating is over.
        total: Answers there will be.
        failed: Those of the answers that failed.
        unjudged: Those of the others that lack a verdict which could not be given.
        epochs: The same per epoch.
        current_task_id: The experiment's running task.
        has_internal_error: The experiment's flag.
    """

    status: str
    error_msg: str | None
    answered: int
    rated: int
    total: int
    failed: int = 0
    unjudged: int = 0
    epochs: tuple[EpochProgress, ...] = ()
    current_task_id: str | None = None
    has_internal_error: bool = False

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in TERMINAL


async def progress_of(
    session: AsyncSession, task_id: str, *, experiment_id: int | None = None
) -> Progress | None:
    """State of a task; None for an unknown one.

    Args:
        session: Where to read.
        task_id: Id of the task.
        experiment_id: Id of the experiment whose task it has to be; None takes any.
    """
    found = await fetch(session, _TASK_AND_EXPERIMENT, task_id=task_id)
    if not found or (experiment_id is not None and found[0].experiment_id != experiment_id):
        return None
    (task,) = found
    states: dict[int, dict[str, int]] = {}
    if task.n_epochs == 1:
        # Counted in an index alone; with the epoch, every item is looked up, which takes several times as long.
        states = {1: counts} if (counts := await item_states(session, task_id)) else {}
    else:
        for epoch, state, count in await fetch(session, _COUNTS_BY_EPOCH, task_id=task_id):
            states.setdefault(epoch, {})[state] = count
    announced = announced_answers(task.payload)
    totals = {epoch: sum(counts.values()) for epoch, counts in states.items()}
    if announced is not None:
        for epoch in range(1, announced.n_epochs + 1):
            totals[epoch] = max(totals.get(epoch, 0), announced.answers // announced.n_epochs)
    epochs = tuple(
        EpochProgress(
            epoch=epoch,
            answered=sum(counts.values()) - counts.get(PENDING, 0),
            rated=counts.get(DONE, 0),
            total=total,
        )
        for epoch, total in sorted(totals.items())
        for counts in [states.get(epoch, {})]
    )
    ((failed, unjudged),) = await fetch(session, _FLAWED, task_id=task_id)
    return Progress(
        status=task.status,
        error_msg=task.error_msg,
        answered=sum(epoch.answered for epoch in epochs),
        rated=sum(epoch.rated for epoch in epochs),
        total=sum(epoch.total for epoch in epochs),
        failed=failed,
        unjudged=unjudged,
        epochs=epochs,
        current_task_id=task.generation_task_id,
        has_internal_error=bool(task.has_internal_error),
    )


async def is_going_on(session: AsyncSession, task_id: str, experiment_id: int) -> bool:
    """Whether a task of an experiment is not over; False for one that it does not have."""
    found = await fetch(session, _STATUS, task_id=task_id, experiment_id=experiment_id)
    return any(status not in TERMINAL for (status,) in found)


async def item_states(session: AsyncSession, task_id: str) -> dict[str, int]:
    """How many pieces of the task's work are in each state: pending, answered, done."""
    return dict(await fetch(session, _COUNTS, task_id=task_id))


_tasks, _experiments = Task.__table__.c, Experiment.__table__.c
_items, _lines = WorkItem.__table__.c, LogLine.__table__.c

_TASK_AND_EXPERIMENT = (
    select(
        _tasks.status,
        _tasks.error_msg,
        _tasks.payload,
        _tasks.experiment_id,
        _experiments.n_epochs,
        _experiments.generation_task_id,
        _experiments.has_internal_error,
    )
    .select_from(Task.__table__.outerjoin(Experiment.__table__, _experiments.id == _tasks.experiment_id))
    .where(_tasks.id == bindparam("task_id"))
)
_STATUS = select(_tasks.status).where(
    _tasks.id == bindparam("task_id"), _tasks.experiment_id == bindparam("experiment_id")
)
_COUNTS = (
    select(_items.state, func.count()).where(_items.task_id == bindparam("task_id")).group_by(_items.state)
)
_COUNTS_BY_EPOCH = (
    select(_items.epoch, _items.state, func.count())
    .where(_items.task_id == bindparam("task_id"))
    .group_by(_items.epoch, _items.state)
)
_FLAWED = select(func.count(_items.error), func.count(_items.rating_errors)).where(
    _items.task_id == bindparam("task_id"),
    # As an expression, so that SQLite takes the small index of those alone.
    func.coalesce(_items.state, "") == DONE,
    IS_FLAWED,
)
_LOG_AFTER = (
    select(_lines.id, _lines.line)
    .where(_lines.task_id == bindparam("task_id"), _lines.id > bindparam("cursor"))
    .order_by(_lines.id)
    .limit(LINES_AT_A_TIME)
)


@attrs.frozen(kw_only=True)
class LogDelta:
    """Lines of a task's log.

    Attributes:
        text: The lines, each with its line end.
        cursor: Where the log stands after them.
        has_more: Whether lines are left.
    """

    text: str
    cursor: int
    has_more: bool


async def log_after(
    session: AsyncSession, task_id: str, cursor: int, *, limit: int = MAX_POLL_CHARACTERS
) -> LogDelta:
    """Log lines after a cursor (0 for all), at most `limit` characters of them."""
    lines: list[str] = []
    size, has_more, is_end = 0, False, False
    while not (has_more or is_end):
        found = await fetch(session, _LOG_AFTER, task_id=task_id, cursor=cursor)
        is_end = len(found) < LINES_AT_A_TIME
        for line_id, line in found:
            has_more = bool(lines) and size + len(line) > limit
            if has_more:
                break
            cursor = line_id
            lines.append(line[:limit] + "\n")
            size += len(line) + 1
    return LogDelta(text="".join(lines), cursor=cursor, has_more=has_more)


async def log_for_connection(session: AsyncSession, task_id: str, connection_uuid: str) -> LogDelta:
    """Log lines that this connection has not been given yet; its cursor moves on.

    Needs a writing session, and an existing task.
    """
    cursor = await session.get(LogCursor, (connection_uuid, task_id))
    if cursor is None:
        cursor = LogCursor(connection_uuid=connection_uuid, task_id=task_id, last_line_id=0)
        session.add(cursor)
    delta = await log_after(session, task_id, cursor.last_line_id)
    cursor.last_line_id = delta.cursor
    return delta
