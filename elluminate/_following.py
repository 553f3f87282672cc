"""Following a task on the server by polling, until a terminal status.

A stream is polling, and so survives what a connection does not: a broken connection, a restarted server or a
502 in the middle never ends it. It ends after the first terminal status.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, TypeVar

from elluminate_api.api.experiments import get_experiment_generation_status
from elluminate_api.models import BatchTaskStatus, ExperimentGenerationStatus, TaskStatus
from elluminate_api.types import UNSET

from elluminate._homes import settle
from elluminate._interrupts import is_interrupt, leave_run
from elluminate._progress import ExperimentProgress, progress_of, waits_by
from elluminate.exceptions import (
    InvalidResponseError,
    RateLimitError,
    RedirectRefusedError,
    ServerError,
    TaskFailedError,
    TransportError,
    WaitTimeoutError,
)

if TYPE_CHECKING:
    from elluminate._session import Session

settle(TaskStatus, "elluminate.streaming")

S = TypeVar("S", ExperimentGenerationStatus, BatchTaskStatus)

logger = logging.getLogger("elluminate")

TASK_LIMIT_SECONDS = 36_000.0
"""A task that has not ended after 10 hours reads TIMEOUT."""

OUTAGE_LIMIT_SECONDS = 600.0
"""A server that cannot be reached for 10 minutes on end is reported as such."""

_FAILURES = frozenset({TaskStatus.FAILURE, TaskStatus.TIMEOUT, TaskStatus.REVOKED, TaskStatus.REJECTED})
_SHORTEST_WAIT, _LONGEST_WAIT, _SHARE_WAITED = 0.1, 3.0, 0.1
"""Between polls passes a tenth of the time so far, so that the end is known at most a tenth late."""
_HELD_AT_LEAST = 1.0
"""Seconds for which a server is asked to hold a poll back while the task goes on, so that the end is known at once; as
many as between polls where that is longer."""
_POLLS_UNTIL_A_FREE_SLOT_MEANS_OVER = 3


class Ending:
    """What every event says about the end."""

    __slots__ = ()
    status: TaskStatus

    @property
    def is_success(self) -> bool:
        """Whether the task ended well."""
        return self.status == TaskStatus.SUCCESS

    @property
    def is_failure(self) -> bool:
        """Whether it ended in FAILURE, TIMEOUT, REVOKED or REJECTED."""
        return self.status in _FAILURES

    @property
    def is_complete(self) -> bool:
        """Whether it ended, either way; no event follows."""
        return self.is_success or self.is_failure


def is_terminal(status: TaskStatus) -> bool:
    """Whether no other status follows; a status this client does not know counts as running."""
    return status == TaskStatus.SUCCESS or status in _FAILURES


async def follow_experiment(
    session: Session,
    experiment_id: int,
    task_id: str,
    *,
    name: str | None = None,
    polling_interval: float | None = None,
    timeout: float | None = None,
    with_logs: bool = False,
    faster_at_first: bool = False,
) -> AsyncGenerator[ExperimentGenerationStatus]:
    """Poll a generation task until it ends; the last status yielded is terminal.

    When the program is interrupted, a run in this process is stopped (see `_interrupts`).

    Args:
        name: The experiment's name, to speak of it by.
        polling_interval: Seconds between polls; None starts at 0.1, and waits a tenth of the time so far, 3 at most.
        timeout: Seconds after which WaitTimeoutError is raised; None waits for
            the task's own limit of 10 hours.
        with_logs: Ask for log lines, each once.
        faster_at_first: Start at 0.1 seconds and slow down to `polling_interval`.
    """
    # Where the log stands, by the reader's count, which survives a lost answer; servers that do not offer it
    # keep count themselves, by a name for this reader.
    reader = str(uuid.uuid4()) if with_logs else UNSET
    log_cursor = 0
    project = await session.project_id()
    task, free_polls = task_id, 0

    async def poll(held: float) -> ExperimentGenerationStatus:
        nonlocal task, free_polls, log_cursor
        status = await session.call(
            get_experiment_generation_status.build(
                project,
                experiment_id,
                task,
                connection_uuid=reader,
                log_cursor=log_cursor if with_logs else UNSET,
                wait=held or UNSET,
            )
        )
        log_cursor = status.log_cursor or log_cursor
        current = status.generation_task_id
        if isinstance(current, str):
            free_polls = 0
            if current != task:
                # Another task has taken over: its end is the experiment's, whatever became of the first one.
                task = current
                if is_terminal(status.status):
                    status.status, status.error_msg = TaskStatus.STARTED, None
        elif current is None and not is_terminal(status.status):
            # The slot is free although the task never said that it ended: it was lost or taken over.
            free_polls += 1
            if free_polls >= _POLLS_UNTIL_A_FREE_SLOT_MEANS_OVER:
                status.status = (
                    TaskStatus.FAILURE if status.has_internal_error is True else TaskStatus.SUCCESS
                )
        return status

    what = f"experiment {experiment_id}"
    # What is told meanwhile is shown to somebody where there is an interval, or the log is asked for.
    is_looked_at = polling_interval is not None or with_logs
    polls = _polled(
        session,
        poll,
        what,
        ExperimentGenerationStatus,
        polling_interval,
        timeout,
        faster_at_first=faster_at_first,
        longest_held=0.0 if is_looked_at else min(_LONGEST_WAIT, session.config.timeout / 2),
    )
    progress: ExperimentProgress | None = None
    try:
        async with aclosing(polls):
            async for status in polls:
                progress = progress_of(status) or progress
                yield status
    except BaseException as error:
        if is_interrupt(error):
            await leave_run(session, experiment_id, name, progress)
        raise


async def follow_batch(
    session: Session,
    poll: Callable[[], Awaitable[BatchTaskStatus]],
    *,
    polling_interval: float | None = None,
    timeout: float | None = None,
) -> AsyncGenerator[BatchTaskStatus]:
    """Poll a batch task until it ends; the last status yielded is terminal."""
    polls = _polled(session, lambda _: poll(), "the batch", BatchTaskStatus, polling_interval, timeout)
    async with aclosing(polls):
        async for status in polls:
            yield status


async def _polled(
    session: Session,
    poll: Callable[[float], Awaitable[S]],
    what: str,
    kind: type[S],
    polling_interval: float | None,
    timeout: float | None,
    *,
    faster_at_first: bool = False,
    longest_held: float = 0.0,
) -> AsyncGenerator[S]:
    started = reached = time.monotonic()
    held = 0.0
    longest = polling_interval or _LONGEST_WAIT
    grows = polling_interval is None or faster_at_first
    wait, last_look = longest, False
    while True:
        asked, is_reached = time.monotonic(), False
        try:
            status = await poll(held)
        except (TransportError, ServerError, RateLimitError, InvalidResponseError) as error:
            # What another poll would not change: a server that speaks another language, or lives elsewhere.
            lasting = isinstance(error, RedirectRefusedError) or getattr(error, "json_path", None) is not None
            if lasting or time.monotonic() - reached > OUTAGE_LIMIT_SECONDS:
                raise
            logger.info("polling %s failed (%s), the wait goes on", what, type(error).__name__)
        else:
            reached, is_reached = time.monotonic(), True
            yield status
            if is_terminal(status.status):
                return
            if held and reached - asked < held / 2:
                longest_held = 0.0  # it does not hold answers back
        elapsed = time.monotonic() - started
        if grows:
            wait = min(max(_SHORTEST_WAIT, elapsed * _SHARE_WAITED), longest)
        if elapsed > TASK_LIMIT_SECONDS:
            yield kind(status=TaskStatus.TIMEOUT, error_msg=f"{what} did not end within 10 hours")
            return
        if timeout is not None and elapsed + wait >= timeout:
            if last_look or elapsed >= timeout:
                raise WaitTimeoutError(
                    f"{what} did not end within {timeout:g} seconds; it goes on: read it later, or raise timeout=…"
                )
            last_look, wait = True, timeout - elapsed
        held = min(longest_held, max(_HELD_AT_LEAST, wait)) if is_reached and not last_look else 0.0
        if timeout is not None:
            held = min(held, timeout - elapsed)
        if not held:
            await session.transport.sleep(wait)


async def final_status(statuses: AsyncGenerator[S]) -> S:
    """The status that a task ended with, once it has."""
    last: S | None = None
    async for status in statuses:  # to its own end: a generator left half-way outlives its caller
        last = status
    assert last is not None and is_terminal(last.status), "polling ends with a terminal status"  # noqa: S101
    return last


async def batch_ended(
    session: Session, poll: Callable[[], Awaitable[BatchTaskStatus]], what: str, timeout: float | None
) -> None:
    """Wait until a batch task has ended well.

    Args:
        session: What it is polled through.
        poll: Asks how it is.
        what: What it does, for the error.
        timeout: Seconds to wait at most.

    Raises:
        TaskFailedError: It ended otherwise.
        WaitTimeoutError: It did not end in time.
    """
    last = await final_status(follow_batch(session, poll, timeout=timeout))
    if last.status != TaskStatus.SUCCESS:
        raise TaskFailedError(
            f"{what} ended {last.status}: {last.error_msg or 'the server gave no reason'}",
            status=last.status,
            error_msg=last.error_msg,
        )


def reason_of_failure(experiment: str, last: ExperimentGenerationStatus) -> str | None:
    """Why a run failed whose experiment can be read as far as it came; None for one that succeeded.

    Raises:
        TaskFailedError: It was revoked, rejected or timed out.
    """
    if last.status == TaskStatus.SUCCESS:
        return None
    reason = last.error_msg or "the server gave no reason"
    if last.status == TaskStatus.FAILURE:
        return reason
    raise TaskFailedError(
        f"experiment {experiment!r} ended {last.status}: {reason}",
        status=last.status,
        error_msg=last.error_msg,
    )


async def reporting(
    statuses: AsyncGenerator[ExperimentGenerationStatus], report: Callable[[ExperimentProgress | None], None]
) -> AsyncGenerator[ExperimentGenerationStatus]:
    """The same statuses, each one's progress told first, and None when they are over; of statuses with logs also what
    a run waits for.
    """
    waits = ""
    try:
        async with aclosing(statuses):
            async for status in statuses:
                waits = waits_by(status.logs_delta, waits)
                progress = progress_of(status, waits)
                if progress is not None:
                    report(progress)
                yield status
    finally:
        report(None)
