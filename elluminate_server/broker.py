"""The launcher with a broker: messages of Celery that say on which task there is work, and who sends them again.

The database stays the truth. A message only has a worker look there at once, and shows in Celery's tools what it works
on: one that is lost, doubled or late changes nothing. Whatever nobody works on is announced again, so that after a
death nobody waits for a broker to find it out.
"""

import asyncio
import contextlib
import importlib
import logging
import time
from collections.abc import AsyncIterator, Collection
from typing import Any

import attrs
from sqlalchemy import or_, select

from elluminate_server.execution import leases
from elluminate_server.settings import Settings
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import BusyError, DatabaseDamagedError, Store
from elluminate_server.store.tables import IS_FREE, Task, WorkItem

__all__ = ["WORK", "Announcer", "announcing", "celery_app"]

logger = logging.getLogger("elluminate_server.broker")

WORK = "elluminate.work"
"""The task of Celery whose messages are sent; its argument is the id of ours."""

LONGEST_PAUSE = 60.0
"""Most seconds from one message about a task to the next, while nobody comes."""

MOST_AT_ONCE = 200
"""Tasks that are announced at a time, the oldest first."""

_SECONDS = 5
"""That a broker may take to connect or to answer."""


def celery_app(settings: Settings) -> Any:
    """The application of Celery that servers send through and workers are.

    Raises:
        ModuleNotFoundError: The extra `scale` is not installed.
    """
    celery = importlib.import_module("celery")
    app = celery.Celery("elluminate", broker=settings.broker_url, set_as_current=False)
    app.conf.update(
        task_default_queue=settings.queue,
        task_ignore_result=True,
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=_SECONDS,
    )
    if (settings.broker_url or "").startswith("redis"):
        timeouts = {"socket_timeout": _SECONDS, "socket_connect_timeout": _SECONDS}
        app.conf.broker_transport_options = timeouts
    return app


@attrs.define
class _Told:
    """When a task was announced last, and how long to wait for somebody to come."""

    at: float
    pause: float


class Announcer:
    """Sends a message for each task on which there is work that nobody does.

    Args:
        store: The database.
        app: See `celery_app`.
    """

    def __init__(self, store: Store, app: Any) -> None:
        self._store = store
        self._app = app
        self._told: dict[str, _Told] = {}
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Announce what is new now; called after the commit."""
        self._woken.set()

    async def run(self) -> None:
        """Announce until cancelled."""
        said = ""  # once for each outage
        while True:
            self._woken.clear()
            try:
                await self._announce(await self._find_waiting())
                said = ""
            except (BusyError, DatabaseDamagedError) as error:
                logger.info("Tasks are announced when the database can be read again: %s", error)
            except Exception as error:  # noqa: BLE001 - whatever a broker's client raises
                if type(error).__name__ != said:
                    logger.warning(
                        "The broker cannot be reached (%s), and is tried again; workers look for themselves meanwhile.",
                        type(error).__name__,  # its words may hold the URL with its password
                    )
                said = type(error).__name__
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(leases.HEARTBEAT_SECONDS):
                    await self._woken.wait()

    async def _find_waiting(self) -> Collection[str]:
        """Tasks that nobody answers for, and those of which items are free."""
        free = select(WorkItem.id).where(WorkItem.task_id == Task.id, IS_FREE)
        has_nobody = or_(Task.lease_owner.is_(None), Task.lease_expires_at < utc_now())
        has_room = (Task.status == "STARTED") & Task.is_open & Task.ended_by.is_(None) & free.exists()
        async with self._store.read() as session:
            found = await session.scalars(
                select(Task.id)
                .where(Task.status.in_(leases.UNFINISHED), or_(has_nobody, has_room))
                .order_by(Task.created_at)
                .limit(MOST_AT_ONCE)
            )
            return list(found)

    async def _announce(self, waiting: Collection[str]) -> None:
        now = time.monotonic()
        self._told = {task_id: told for task_id, told in self._told.items() if task_id in waiting}
        for task_id in waiting:
            told = self._told.get(task_id)
            if told is not None and now - told.at < told.pause:
                continue
            await asyncio.to_thread(self._send, task_id)
            pause = leases.HEARTBEAT_SECONDS if told is None else min(2 * told.pause, LONGEST_PAUSE)
            self._told[task_id] = _Told(now, pause)

    def _send(self, task_id: str) -> None:
        self._app.send_task(WORK, args=[task_id], ignore_result=True, retry=False, expires=LONGEST_PAUSE)


@contextlib.asynccontextmanager
async def announcing(store: Store, settings: Settings) -> AsyncIterator[Announcer]:
    """Announce tasks for as long as the block lasts."""
    app = celery_app(settings)
    announcer = Announcer(store, app)
    task = asyncio.create_task(announcer.run(), name="elluminate-announcer")
    try:
        yield announcer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with contextlib.suppress(Exception):  # of a broker that is away
            await asyncio.to_thread(app.close)
