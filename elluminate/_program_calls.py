"""Calling a function of the caller's for many rows at a time, whatever drives it, and whatever it is.

An ordinary function runs in threads of its own, so that no event loop stands still. A coroutine function runs in the
event loop that the client is awaited in, where its connections are; for a blocking call, which has no loop, in one that
lives in a thread for as long as that call. The caller's loop, if it has one, is not touched then.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio
from attrs import frozen

from elluminate._transport import blocking_call, first_of, is_blocking, run_blocking

T = TypeVar("T")

_LOOK_SECONDS = 0.005
"""How often a loop in a thread looks whether it is to stop."""
_LEAVING_SECONDS = 1.0
"""How long such a loop may take to cancel its calls."""


@frozen(kw_only=True)
class Job:
    """One call.

    Attributes:
        key: What it is for.
        arguments: Makes its arguments, when it begins.
    """

    key: Any
    arguments: Callable[[], tuple[Sequence[Any], Mapping[str, Any]]]


@frozen(kw_only=True)
class Called:
    """What came of a call.

    Attributes:
        key: What it was for.
        returned: What the function returned.
        error: What it raised, with the last attempt.
        seconds: How long the last attempt took.
        waited: Seconds before it.
    """

    key: Any
    returned: Any = None
    error: BaseException | None = None
    seconds: float = 0.0
    waited: float = 0.0


class Calls:
    """Calls of one function: those that have not begun, and what came of the others.

    Args:
        function: The function.
        jobs: The calls, in the order in which they begin.
        is_async: Whether it is a coroutine function.
        at_once: Most calls at a time.
        retries: How often a call that raised is made again.
        timeout: Seconds that a call may take; None for any.
        wait_before: Seconds before the first, second... repetition.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        jobs: Iterable[Job],
        *,
        is_async: bool,
        at_once: int,
        retries: int,
        timeout: float | None,
        wait_before: Callable[[int], float],
    ) -> None:
        self._function, self._jobs, self._is_async = function, deque(jobs), is_async
        self._retries, self._timeout, self._wait_before = retries, timeout, wait_before
        self._workers = self._working = min(at_once, len(self._jobs))
        self._lock = threading.Lock()
        self._done: deque[Called] = deque()
        self._stopped = threading.Event()
        self._failure: BaseException | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing goes on any more, and nothing will begin."""
        return self._working == 0

    def come(self) -> Iterator[Called]:
        """What has come, one after the other; each stays here until the next one is asked for.

        So nothing is lost to an interrupt: what it came by is given once more, with the same key.
        """
        while self._done:
            yield self._done[0]
            self._done.popleft()

    def check(self) -> None:
        """Go on only where the function has not raised what ends a program.

        Raises:
            BaseException: It has: KeyboardInterrupt, SystemExit, or the like.
        """
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def stop(self) -> None:
        """Begin no further call; those of a coroutine function are cancelled."""
        self._stopped.set()

    @asynccontextmanager
    async def under_way(self) -> AsyncGenerator[None]:
        """Make the calls for as long as the block runs."""
        if not self._is_async or is_blocking():
            threads: list[threading.Thread] = []
            try:
                self._start_threads(threads)
                yield
            finally:
                self.stop()
                for thread in threads if self._is_async else ():
                    thread.join(_LEAVING_SECONDS)
            return
        error: BaseException | None = None
        try:
            async with anyio.create_task_group() as tasks:
                for _ in range(self._workers):
                    tasks.start_soon(self._work)
                try:
                    yield
                finally:
                    self.stop()
                    tasks.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            error = first_of(group)
        if error is not None:
            raise error

    def _start_threads(self, threads: list[threading.Thread]) -> None:
        # They do not keep the process: an interrupt leaves a call that hangs behind.
        run, count = (
            (self._own_loop, min(1, self._workers)) if self._is_async else (self._serve, self._workers)
        )
        for _ in range(count):
            context = _context_of_caller()
            thread = threading.Thread(target=context.run, args=(run,), name="elluminate-target", daemon=True)
            thread.start()
            threads.append(thread)

    def _serve(self) -> None:
        run_blocking(self._work())

    def _own_loop(self) -> None:
        try:
            anyio.run(self._all_work)
        except BaseException as error:  # noqa: BLE001  # it is raised where the caller waits
            self._fail(first_of(error))

    async def _all_work(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._cancel_when_stopped, tasks.cancel_scope)
            async with anyio.create_task_group() as workers:
                for _ in range(self._workers):
                    workers.start_soon(self._work)
            tasks.cancel_scope.cancel()

    async def _cancel_when_stopped(self, scope: anyio.CancelScope) -> None:
        while not self._stopped.is_set():  # noqa: ASYNC110  # it is set by another thread
            await anyio.sleep(_LOOK_SECONDS)
        scope.cancel()

    async def _work(self) -> None:
        """Make one call after the other until none is left."""
        try:
            while not self._stopped.is_set():
                try:
                    job = self._jobs.popleft()
                except IndexError:
                    return
                called = await self._attempted(job)
                if called is not None:
                    self._done.append(called)
        except BaseException as error:
            if self._is_async and isinstance(error, anyio.get_cancelled_exc_class()):
                raise
            self._fail(error)  # it is raised where the caller waits
        finally:
            with self._lock:
                self._working -= 1

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        self.stop()

    async def _attempted(self, job: Job) -> Called | None:
        """What comes of a call and its repetitions; None where it was left before its end."""
        began = time.perf_counter()
        attempt = 0
        while True:
            attempt += 1
            started = time.perf_counter()
            returned, error = None, None
            try:
                args, kwargs = job.arguments()
                returned = await (self._awaited if self._is_async else self._within_time)(args, kwargs)
            except Exception as problem:  # noqa: BLE001  # the caller's code, whose errors are results
                error = problem
            seconds = time.perf_counter() - started
            if error is None or attempt > self._retries:
                return Called(
                    key=job.key,
                    returned=returned,
                    error=error,
                    seconds=seconds,
                    waited=started - began if attempt > 1 else 0.0,
                )
            if self._stopped.is_set() or not await self._paused(self._wait_before(attempt)):
                return None

    async def _paused(self, seconds: float) -> bool:
        """Wait; whether it is to go on then."""
        if self._is_async:
            await anyio.sleep(seconds)
            return True
        return not self._stopped.wait(seconds)

    async def _awaited(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        with anyio.move_on_after(self._timeout) as scope:
            try:
                return await self._function(*args, **kwargs)
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                raise RuntimeError("the call was cancelled from within") from error
        assert scope.cancelled_caught, "what else ends the block has returned or raised"  # noqa: S101
        raise self._too_late()

    async def _within_time(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        def call() -> Any:
            try:
                return _context_of_caller().run(self._function, *args, **kwargs)
            except (asyncio.CancelledError, GeneratorExit) as error:  # of loops and generators of its own
                raise RuntimeError(f"it raised {type(error).__name__}") from error

        if self._timeout is None:
            return call()
        box: list[Callable[[], Any]] = []
        done = threading.Event()

        def fill() -> None:
            try:
                result = call()
                box.append(lambda: result)
            except BaseException as error:  # noqa: BLE001  # raised again below
                box.append(_raising(error))
            finally:
                done.set()

        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(fill,), name="elluminate-target", daemon=True).start()
        if not done.wait(self._timeout):
            raise self._too_late()  # a thread cannot be ended: it goes on, and nobody waits for it
        return box[0]()

    def _too_late(self) -> TimeoutError:
        return TimeoutError(f"no answer within {self._timeout:g} seconds (target_timeout)")


def _raising(error: BaseException) -> Callable[[], Any]:
    def again() -> Any:
        raise error

    return again


def _context_of_caller() -> contextvars.Context:
    """A copy of the running context for code of the caller's, which no blocking call drives, nor an event loop."""
    context = contextvars.copy_context()
    context.run(blocking_call.set, None)
    sniffio = sys.modules.get("sniffio")
    if sniffio is not None:
        context.run(sniffio.current_async_library_cvar.set, None)
    return context


async def unbroken(work: Callable[[], Awaitable[T]]) -> T:
    """Carry something out to its end, also when the program is interrupted meanwhile; the interrupt is raised then."""
    if not is_blocking():
        with anyio.CancelScope(shield=True):
            return await (_unbroken_task(work) if _is_in_asyncio() else work())
    results: list[Callable[[], T]] = []
    done = threading.Event()

    async def worked() -> T:
        return await work()

    def fill() -> None:
        try:
            result = run_blocking(worked())
            results.append(lambda: result)
        except BaseException as error:  # noqa: BLE001  # raised again below
            results.append(_raising(error))
        finally:
            done.set()

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(fill,), name="elluminate", daemon=True)
    thread.start()
    try:
        _wait_for(done)
    except BaseException:
        _wait_for(done)  # a second interrupt leaves it
        raise
    return results[0]()


def _is_in_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _unbroken_task(work: Callable[[], Awaitable[T]]) -> T:
    """In a task of its own: Ctrl-C cancels that of `asyncio.run`, which no scope of anyio's keeps out."""

    async def worked() -> T:
        return await work()

    task = asyncio.create_task(worked())
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])  # a second interrupt leaves it
        if not task.cancelled():
            task.exception()  # the interrupt is what is raised
        raise


def _wait_for(done: threading.Event) -> None:
    while not done.wait(_LEAVING_SECONDS):  # some systems interrupt only a wait that has a bound
        pass
