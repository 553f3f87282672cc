"""`elluminate worker` with a broker: a worker of Celery, in whose process one event loop does the calls of models.

Celery has the main thread and its signals, connects again when the broker was away, and shows what is worked on: a
message is active for as long as its task is worked on here. What is done, and what is left, stands in the database.
"""

import asyncio
import importlib
import logging
import os
import socket
import threading
import time
from typing import Any

from elluminate_server.broker import WORK, celery_app
from elluminate_server.execution import Executor
from elluminate_server.operating.exporting import exporting_spans
from elluminate_server.operating.garbage import look_for_garbage_seldom
from elluminate_server.operating.log_lines import begin_log
from elluminate_server.settings import Settings
from elluminate_server.store.probing import probe
from elluminate_server.worker import announce_start, listening_at, working

__all__ = ["work_with_celery"]

MOST_MESSAGES = 50
"""Messages that are active at a time; each is a thread that waits."""

START_SECONDS = 60.0
COME_SECONDS = 5.0
"""How long a message waits for its task to begin here: others may have all that there is to do."""


class _Loop:
    """The event loop in its thread, with the executor."""

    def __init__(self, settings: Settings, listener: socket.socket | None) -> None:
        self._settings = settings
        self._listener = listener
        self._started = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failure: BaseException | None = None
        self._executor: Executor | None = None
        self._thread = threading.Thread(target=self._run, name="elluminate-worker", daemon=True)

    def start(self) -> None:
        """Start, and return when it works.

        Raises:
            Exception: What it could not be started for.
        """
        self._thread.start()
        in_time = self._started.wait(START_SECONDS)
        if self._failure is not None:
            raise self._failure
        if not in_time:
            raise TimeoutError(f"The worker did not start within {START_SECONDS:g} s: is the database there?")

    def begin_to_stop(self, **_: Any) -> None:
        """Give everything back, and end; without waiting for it."""
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)

    def stop(self) -> None:
        """Give everything back, and end."""
        self.begin_to_stop()
        self._thread.join(START_SECONDS)

    def work_on(self, task_id: str) -> None:
        """Look into the database, and return when nothing of the task is done here any more."""
        if self._loop is None or self._executor is None:
            return
        self._loop.call_soon_threadsafe(self._executor.wake)
        end = time.monotonic() + COME_SECONDS
        while self._thread.is_alive():
            if self._executor.works_on(task_id):
                end = 0.0
            elif time.monotonic() >= end:
                return
            time.sleep(0.1)

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._serve())
        except BaseException as error:
            self._failure = error
            if self._started.is_set():
                logging.getLogger("elluminate_server").exception("The worker ends")
                os._exit(1)
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with working(self._settings, self._listener) as self._executor:
            self._started.set()
            await self._stop.wait()


def work_with_celery(
    settings: Settings,
    *,
    log_level: str = "warning",
    log_format: str = "text",
    metrics_at: tuple[str, int] | None = None,
) -> None:
    """Work in the foreground until Ctrl-C or SIGTERM; as `worker.work`.

    Raises:
        ModuleNotFoundError: The extra `scale` is not installed.
    """
    app = celery_app(settings)
    # Before Celery's own, which adds none to a log that is there.
    begin_log(log_level, log_format)
    with exporting_spans("elluminate-worker"), listening_at(metrics_at) as listener:
        probe(settings.database_url)
        _work(settings, app, listener, log_level)


def _work(settings: Settings, app: Any, listener: socket.socket | None, log_level: str) -> None:
    loop = _Loop(settings, listener)

    @app.task(name=WORK)  # type: ignore[untyped-decorator, unused-ignore]
    def work(task_id: str) -> None:
        loop.work_on(task_id)

    # Messages are active until the event loop ends, and Celery ends when no message is active.
    importlib.import_module("celery.signals").worker_shutting_down.connect(loop.begin_to_stop, weak=False)
    worker = app.Worker(
        pool="threads",
        concurrency=MOST_MESSAGES,
        queues=[settings.queue],
        loglevel=log_level.upper(),
        quiet=True,
    )
    loop.start()
    look_for_garbage_seldom()
    announce_start(settings, listener)
    try:
        worker.start()
    finally:
        loop.stop()
