"""Commits what runs produce, as it arrives: whatever came in during one commit goes into the next, together.

Every answer and every rating is durable before its run goes on. Sharing commits only saves time: on SQLite
there is one writer, and a commit costs more than what is in it.

What cannot be written because the disk is full, or the database is locked or away, waits here until it can: a model
was paid for it. Its runs ask for nothing more meanwhile, because each of their workers waits for its write.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution import leases
from elluminate_server.execution.leases import LeaseLostError, renew_for_writing
from elluminate_server.store.engine import BusyError, Store

__all__ = ["Commits"]

logger = logging.getLogger("elluminate_server.execution")

MAX_BATCH = 200

Write = Callable[[AsyncSession], Awaitable[Any]]


@attrs.define(eq=False)
class _Waiting:
    task_id: str
    write: Write
    done: asyncio.Future[Any]


class Commits:
    """The writer of one process.

    Args:
        store: The database.
        owner: The process, which has to hold the lease of every task it writes for.
        on_commit: Called after a commit with the tasks that were written for.
    """

    def __init__(self, store: Store, owner: str, on_commit: Callable[[set[str]], None]) -> None:
        self._store = store
        self._owner = owner
        self._on_commit = on_commit
        self._waiting: list[_Waiting] = []
        self._arrived = asyncio.Event()

    async def add(self, task_id: str, write: Write) -> Any:
        """Run `write` in a transaction, and return its result after the commit.

        Args:
            task_id: What is written for.
            write: May be called again when the transaction broke, so that it changes nothing but the session, and
                has to find out whether it was written the first time.

        Raises:
            LeaseLostError: The task is not this process's any more; nothing was written.
            Exception: What `write` raised; nothing of it was written.
        """
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(task_id, write, done))
        self._arrived.set()
        return await done

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._arrived.wait()
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            if not self._waiting:
                self._arrived.clear()
            await self._write_when_possible(batch)

    async def _write_when_possible(self, batch: list[_Waiting]) -> None:
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

    async def _write(self, batch: list[_Waiting]) -> None:
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

    async def _write_together(self, batch: list[_Waiting]) -> None:
        results: list[tuple[_Waiting, Any]] = []
        async with self._store.write() as session:
            is_held = {
                task_id: await renew_for_writing(session, self._owner, task_id)
                for task_id in sorted({waiting.task_id for waiting in batch})
            }
            for waiting in batch:
                if is_held[waiting.task_id] and not waiting.done.done():
                    result = await waiting.write(session)
                    results.append((waiting, result))
        self._on_commit({waiting.task_id for waiting, _ in results})
        for waiting, result in results:
            if not waiting.done.done():
                waiting.done.set_result(result)
        for waiting in batch:
            if not waiting.done.done():
                waiting.done.set_exception(LeaseLostError())


def _cancel(batch: list[_Waiting]) -> None:
    for waiting in batch:
        waiting.done.cancel()
