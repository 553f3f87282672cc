"""Commits what runs produce, as it arrives: whatever came in during one commit goes into the next, together.

Every answer and every rating is durable before its run goes on. Sharing commits only saves time: on SQLite
there is one writer, and a commit costs more than what is in it.

What cannot be written because the disk is full, or the database is locked or away, waits here until it can: a model
was paid for it. Its runs ask for nothing more meanwhile, because each of their workers waits for its write.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import attrs
from sqlalchemy import Connection

from elluminate_server.execution import leases
from elluminate_server.execution.leases import LeaseLostError
from elluminate_server.store.engine import BusyError, Store

__all__ = ["Commits"]

logger = logging.getLogger("elluminate_server.execution")

MAX_BATCH = 500

GATHER_SECONDS = 0.005
"""From the beginning of one commit to that of the next: a busy run's results come faster, and share one."""

Record = TypeVar("Record")


@attrs.define(eq=False)
class _Waiting(Generic[Record]):
    task_id: str
    record: Record
    done: asyncio.Future[Any]


class Commits(Generic[Record]):
    """The writer of one process.

    Args:
        store: The database.
        keep: Called with the tasks that records are for, and the records, on a connection in a transaction: keeps the
            right to write for them, and says for which of them there is one.
        write: Writes records, each given with its task, on the same connection; what comes of each of them. An
            exception among that is raised where the record came from, and the others are written.
            It blocks, in a thread of its own. It may be called again with some of the same records when the
            transaction broke, so it has to find out whether they were written the first time.
        on_commit: Called after a commit with the tasks that were written for.
    """

    def __init__(
        self,
        store: Store,
        keep: Callable[[Connection, Sequence[tuple[str, Record]]], set[str]],
        write: Callable[[Connection, Sequence[tuple[str, Record]]], Sequence[Any]],
        on_commit: Callable[[set[str]], None],
    ) -> None:
        self._store = store
        self._keep = keep
        self._write_records = write
        self._on_commit = on_commit
        self._waiting: list[_Waiting[Record]] = []
        self._arrived = asyncio.Event()

    async def add(self, task_id: str, record: Record) -> Any:
        """Have a record written, and return what came of it after the commit.

        Args:
            task_id: What is written for.
            record: What is to be written.

        Raises:
            LeaseLostError: The task is over, or not this process's any more; nothing was written.
            Exception: What writing it raised; nothing of it was written.
        """
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(task_id, record, done))
        self._arrived.set()
        return await done

    async def run(self) -> None:
        """Write until cancelled."""
        clock = asyncio.get_running_loop().time
        next_at = clock()
        while True:
            await self._arrived.wait()
            if (left := next_at - clock()) > 0:
                await asyncio.sleep(left)
            next_at = clock() + GATHER_SECONDS
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            if not self._waiting:
                self._arrived.clear()
            await self._write_when_possible(batch)

    async def _write_when_possible(self, batch: list[_Waiting[Record]]) -> None:
        """Write, as soon as the database can be used; what nobody waits for any more is dropped."""
        told = ""
        while batch := [waiting for waiting in batch if not waiting.done.done()]:
            try:
                await self._write(batch)
            except BusyError as error:
                if str(error) != told:
                    logger.warning(
                        "%d results wait to be written, and their runs with them: %s", len(batch), error
                    )
                told = str(error)
                try:
                    await asyncio.sleep(leases.HEARTBEAT_SECONDS)
                except asyncio.CancelledError:
                    _cancel(batch)
                    raise
        if told:
            logger.warning("Results are written again.")

    async def _write(self, batch: list[_Waiting[Record]]) -> None:
        try:
            await self._write_together(batch)
        except asyncio.CancelledError:
            _cancel(batch)
            raise
        except BusyError:
            raise
        except Exception as error:  # noqa: BLE001 - raised where the write came from
            if len(batch) == 1:
                if not batch[0].done.done():
                    batch[0].done.set_exception(error)
                return
            # One of them broke the transaction: the others must not suffer for it.
            for waiting in batch:
                await self._write([waiting])

    async def _write_together(self, batch: list[_Waiting[Record]]) -> None:
        def write(connection: Connection) -> dict[_Waiting[Record], Any]:
            held = self._keep(connection, [(waiting.task_id, waiting.record) for waiting in batch])
            mine = [waiting for waiting in batch if waiting.task_id in held]
            results = self._write_records(connection, [(waiting.task_id, waiting.record) for waiting in mine])
            return dict(zip(mine, results, strict=True))

        results = await self._store.write_at_once(write)
        self._on_commit({waiting.task_id for waiting in results})
        for waiting in batch:
            if waiting.done.done():
                continue
            result = results.get(waiting) if waiting in results else LeaseLostError()
            if isinstance(result, Exception):
                waiting.done.set_exception(result)
            else:
                waiting.done.set_result(result)


def _cancel(batch: list[_Waiting[Any]]) -> None:
    for waiting in batch:
        waiting.done.cancel()
