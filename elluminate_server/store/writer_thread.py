"""A thread of its own for writes that would otherwise change threads for every statement."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["WriterThread"]

T = TypeVar("T")


class WriterThread:
    """Runs functions one after the other, in one thread that starts with the first of them.

    A daemon, unlike those of an executor: the process that it lives in may end while the server still runs in it, and
    what it does until then is still to be written.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._thread: threading.Thread | None = None

    async def run(self, function: Callable[[], T]) -> T:
        """Run the function and return its result. Who is cancelled meanwhile is so when it has ended.

        Raises:
            Exception: What the function raised.
            RuntimeError: No thread can be started any more, because the interpreter is ending.
        """
        if self._thread is None:
            thread = threading.Thread(target=self._work, name="elluminate-writer", daemon=True)
            thread.start()
            self._thread = thread
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put((function, done))
        cancelled: asyncio.CancelledError | None = None
        while not done.done():
            try:
                await asyncio.wait([done])
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            done.exception()  # seen: nobody else will
            raise cancelled
        return done.result()

    def close(self) -> None:
        """End the thread, after what it was given."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            function, done = job
            result, problem = None, None
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001 - raised where the function came from
                problem = error
            with contextlib.suppress(RuntimeError):  # its loop was closed: nobody waits
                done.get_loop().call_soon_threadsafe(_settle, done, result, problem)
            del job, function, done, result, problem


def _settle(done: asyncio.Future[Any], result: Any, problem: BaseException | None) -> None:
    if problem is None:
        done.set_result(result)
    else:
        done.set_exception(problem)
