"""Takes tasks from the queue and runs them in this process, side by side with the requests it answers."""

import asyncio
import contextlib
import functools
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution import leases, shares
from elluminate_server.execution.commits import Commits
from elluminate_server.execution.leases import LeaseLostError, Process
from elluminate_server.execution.means import Means
from elluminate_server.execution.notices import Notices
from elluminate_server.execution.outcomes import Outcome
from elluminate_server.execution.preparing import steps_of
from elluminate_server.execution.progress import item_states, progress_of
from elluminate_server.execution.run import Run
from elluminate_server.execution.storing import keep_shares, store_records
from elluminate_server.llm.providers import Models
from elluminate_server.operating.context import current_task_id
from elluminate_server.operating.meters import Meters
from elluminate_server.settings import Settings
from elluminate_server.store.engine import BusyError, DatabaseDamagedError, Store
from elluminate_server.store.states import AGENT_EVALUATION, EXPERIMENT
from elluminate_server.store.tables import Experiment, Task

__all__ = ["Executor"]

logger = logging.getLogger("elluminate_server.execution")

MAX_RUNNING = 50
"""Most tasks at a time in one process; the others wait in the queue."""

LOOK_SECONDS = 0.25
"""From one look for what other processes were asked to do to the next."""


class Executor:
    """The runs of one process.

    The queue is the database: `queueing`, `requeueing` and `agent_evaluation` add tasks inside the caller's
    transaction, for `process`, and `wake` says after the commit that they are there. A run that this process
    does not finish, because it stops or is killed, is finished by the next one. What is open for others is worked on by
    all processes that share work.

    Args:
        store: The database.
        models: The models that answer and judge.
        settings: The server's settings.
        on_wake: Told, too, when there is something new to do.
        meters: Where lost leases are counted; None where they are not.

    Attributes:
        process: What this process is to those that queue tasks.
        owner: Its name, under which it holds leases.
        notices: What has changed, for whoever waits in this process.
    """

    def __init__(
        self,
        store: Store,
        models: Models,
        settings: Settings,
        *,
        on_wake: Callable[[], None] = lambda: None,
        meters: Meters | None = None,
    ) -> None:
        self._meters = meters
        self._store = store
        self._on_wake = on_wake
        self._settings = settings
        self.process = Process(works=settings.works, shares=settings.shares_work)
        self.owner = self.process.name
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._answers_for: set[str] = set()
        self._current: dict[str, Run] = {}
        self._shared: set[str] = set()
        self._left: set[str] = set()
        self._kept_at = 0.0
        self._work = asyncio.Event()
        self._services: list[asyncio.Task[None]] = []
        self._commits = Commits(
            store,
            functools.partial(keep_shares, self.owner),
            functools.partial(store_records, self.owner),
            self._publish,
        )
        self._means = Means(
            owner=self.owner,
            store=store,
            models=models,
            commits=self._commits,
            ending=_interpreter_is_ending,
            max_turns=settings.max_conversation_turns,
            patience=settings.llm_patience,
            concurrency=settings.concurrency,
        )
        self.notices = Notices()

    async def start(self) -> None:
        """Begin to take tasks, where this process works; first of all those that a former process left behind."""
        if not self.process.works:
            return
        self._services = [
            asyncio.create_task(self._commits.run(), name="elluminate-commits"),
            asyncio.create_task(self._tend(), name="elluminate-tasks"),
        ]

    async def stop(self) -> None:
        """Stop taking tasks. What runs is left where it stands, free for the next process."""
        self.release_waiters()
        for task in [*self._runs.values(), *self._services]:
            task.cancel()
        await asyncio.gather(*self._runs.values(), *self._services, return_exceptions=True)
        if not self.process.works:
            return
        try:
            async with self._store.write(is_short=True) as session:
                await leases.release(session, self.owner)
        except RuntimeError as error:
            # Busy or away; or Python starts no threads, and so no connections, while it exits.
            logger.info("Leases were not given back, and expire in %.0f s: %s", leases.LEASE_SECONDS, error)

    def release_waiters(self) -> None:
        """End every event stream: the server is about to stop. Runs go on until `stop`."""
        self.notices.close()

    def wake(self) -> None:
        """Look for new, revoked and abandoned tasks now; called after the commit."""
        self._work.set()
        self._on_wake()

    @property
    def is_tending(self) -> bool:
        """Whether this process takes tasks, and stores what comes of them."""
        return bool(self._services) and not any(service.done() for service in self._services)

    def works_on(self, task_id: str) -> bool:
        """Whether this process does the task, or a part of it."""
        return task_id in self._runs

    def is_running(self, task_id: str) -> bool:
        """Whether the task runs in this process alone, so that all its changes are published in `notices`."""
        return task_id in self._answers_for and task_id not in self._shared

    def stop_run(self, task_id: str) -> None:
        """Stop a task that was revoked, and tell whoever watches it; called after the commit."""
        run = self._runs.get(task_id)
        if run is not None:
            run.cancel()
        self.notices.publish(task_id, over=True)

    def _publish(self, task_ids: set[str]) -> None:
        for task_id in task_ids:
            self.notices.publish(task_id)

    async def _tend(self) -> None:
        """Keep the leases, notice what was revoked, take what is free."""
        told = ""  # once for each outage
        while True:
            self._work.clear()
            try:
                await self._keep_leases()
                await self._take_tasks()
                told = ""
            except Exception as error:
                # Whatever it was, the other runs go on, and the queue is read again soon.
                if isinstance(error, BusyError):
                    if str(error) != told:
                        logger.warning("The queue could not be read, and is read again soon: %s", error)
                    told = str(error)
                elif isinstance(error, DatabaseDamagedError):
                    if error.is_news:
                        logger.error("%s", error)  # noqa: TRY400 - it is not about this code
                elif not _interpreter_is_ending():
                    logger.exception("The queue could not be read")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause):
                    await self._work.wait()

    @property
    def _pause(self) -> float:
        """Seconds to the next look at the queue."""
        seconds = leases.HEARTBEAT_SECONDS
        return min(seconds, LOOK_SECONDS) if self.process.shares else seconds

    async def _keep_leases(self) -> None:
        """Renew what this process holds, and free what dead ones held."""
        now = time.monotonic()
        if now - self._kept_at < leases.HEARTBEAT_SECONDS and not self._left:
            return
        async with self._store.read() as session:
            is_anyone_dead = await shares.is_anyone_dead(session)
            self._shared = await shares.shared_with_others(session, self.owner, list(self._runs))
            for task_id in self._shared & self._current.keys():
                states = await item_states(session, task_id)
                self._current[task_id].note_all(states)
        running = list(self._runs)
        if running or self._left or is_anyone_dead:
            async with self._store.write(is_short=True) as session:
                await self._renew(session, running)
                freed = await shares.take_from_the_dead(session)
            if freed:
                logger.info("What an ended process had of %d tasks is free.", len(freed))
        self._kept_at = now

    async def _renew(self, session: AsyncSession, running: list[str]) -> None:
        left, self._left = self._left - set(running), set()
        if left:
            await shares.leave(session, self.owner, left)
        if not running:
            return
        held = await leases.renew(session, self.owner, self._answers_for & set(running))
        going_on = await shares.renew(session, self.owner, running)
        for task_id in running:
            run = self._runs.get(task_id)
            if run is None:
                continue
            if task_id not in going_on or (task_id in self._answers_for and task_id not in held):
                run.cancel()
            elif (reason := going_on[task_id]) is not None and task_id in self._current:
                self._current[task_id].end(reason)

    async def _take_tasks(self) -> None:
        room = MAX_RUNNING - len(self._runs)
        if room <= 0:
            return
        async with self._store.read() as session:
            free = await leases.find_claimable(session, self.owner, list(self._runs), room)
        for task_id, was_left in free.items():
            async with self._store.write(is_short=True) as session:
                taken = await leases.claim(session, self.owner, task_id)
            if taken and was_left:
                await self._tell_what_goes_on(task_id)
            if taken:
                self._answers_for.add(task_id)
                self._begin(task_id, self._run(task_id))
            self.notices.publish(task_id, over=not taken)
        if self.process.shares:
            await self._take_parts(room - len(free))

    async def _take_parts(self, room: int) -> None:
        """Help with what others answer for."""
        if room <= 0:
            return
        async with self._store.read() as session:
            found = await shares.find_open(session, list(self._runs), room)
        for task in found:
            if not steps_of(task):
                self._begin(task.id, self._help(task.id))

    def _begin(self, task_id: str, run: Coroutine[Any, Any, None]) -> None:
        self._runs[task_id] = asyncio.create_task(run, name=f"elluminate-run-{task_id}")

    async def _tell_what_goes_on(self, task_id: str) -> None:
        """Say that a run goes on which nobody has started here: it costs calls of models."""
        async with self._store.read() as session:
            name = await session.scalar(
                select(Experiment.name)
                .join(Task, Task.experiment_id == Experiment.id)
                .where(Task.id == task_id, Task.kind.in_((EXPERIMENT, AGENT_EVALUATION)))
            )
            progress = await progress_of(session, task_id)
        if name is not None and progress is not None:
            logger.warning(
                "The run of experiment %r goes on, whose process has ended, at %d of %d responses, %d of them rated. "
                "Stop it with client.get_experiment(name=%r).cancel().",
                *(name, progress.answered, progress.total, progress.rated, name),
            )

    async def _run(self, task_id: str) -> None:
        current_task_id.set(task_id)
        try:
            while not await self._run_to_its_end(task_id):
                pass
        except LeaseLostError:
            if self._meters is not None:
                self._meters.leases_lost += 1
            logger.info("Task %s was revoked or taken over, or this process ends", task_id)
            self._left.add(task_id)
        except Exception:
            # Not even its end could be written. It is taken again, `leases.MAX_ATTEMPTS` times at most.
            self._left.add(task_id)
            if not _interpreter_is_ending():
                logger.exception("Task %s could not be ended", task_id)
        except asyncio.CancelledError:
            self._left.add(task_id)
            raise
        finally:
            self._answers_for.discard(task_id)
            self._over(task_id)

    async def _help(self, task_id: str) -> None:
        """Do a part of a task that another process answers for."""
        current_task_id.set(task_id)
        run = self._current[task_id] = Run(task_id, self._means, answers_for_it=False)
        try:
            await run.help()
        except Exception as error:
            cause = _first_of(error)
            if not _is_no_outcome(cause) and not _interpreter_is_ending():
                # Whoever answers for the task comes by the same, and ends it.
                logger.exception("Task %s could not be helped with", task_id)
            if not isinstance(cause, LeaseLostError):
                await asyncio.sleep(leases.LEASE_SECONDS)
        finally:
            self._left.add(task_id)
            self._over(task_id)

    def _over(self, task_id: str) -> None:
        self._runs.pop(task_id, None)
        self._current.pop(task_id, None)
        self.notices.publish(task_id, over=True)
        self._work.set()

    async def _run_to_its_end(self, task_id: str) -> bool:
        """Do what is left of the task; False when it goes on, from where its rows say it stands."""
        try:
            await self._give_back(task_id)
            outcome = await self._perform(task_id)
            is_over = await self._finish(task_id, outcome)
        except BusyError as error:
            logger.warning("Task %s goes on when the database can be used again: %s", task_id, error)
            self._left.add(task_id)
            await asyncio.sleep(leases.HEARTBEAT_SECONDS)
            return False
        if not is_over:
            logger.debug("Task %s was given more to do", task_id)
        elif task_id in self._current:
            self._current[task_id].tell_end(outcome)
        return is_over

    async def _give_back(self, task_id: str) -> None:
        """Have the items free again that an earlier try of this process was broken off with."""
        if task_id in self._left:
            async with self._store.write(is_short=True) as session:
                await shares.leave(session, self.owner, [task_id])
            self._left.discard(task_id)

    async def _finish(self, task_id: str, outcome: Outcome) -> bool:
        async with self._store.write(is_short=True) as session:
            return await leases.finish(
                session,
                self.owner,
                task_id,
                outcome.status,
                outcome.error_msg,
                internal=outcome.is_internal,
                last_item=outcome.last_item,
            )

    async def _perform(self, task_id: str) -> Outcome:
        run = self._current[task_id] = Run(task_id, self._means, answers_for_it=True)
        # A night without any server, after which a run is taken up again, does not count.
        limit = self._settings.run_time_limit
        timeout = asyncio.timeout(limit)
        try:
            async with timeout:
                return await run.perform()
        except TimeoutError:
            if not timeout.expired():
                raise
            reason = f"Not finished within {limit:g} seconds. What was done until then is kept."
            return Outcome(status="TIMEOUT", error_msg=reason)
        except Exception as error:
            cause = _first_of(error)
            if _is_no_outcome(cause):
                raise cause from None
            if _interpreter_is_ending():
                raise LeaseLostError from error
            logger.exception("Task %s failed", task_id)
            reason = f"The run stopped on an internal error ({type(cause).__name__}); see the server's log."
            return Outcome(status="FAILURE", error_msg=reason, is_internal=True)


def _first_of(error: BaseException) -> BaseException:
    """The exception that a task group was ended by; one that is no outcome counts before everything else."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    return _first_of((error.subgroup(_is_no_outcome) or error).exceptions[0])


def _is_no_outcome(error: BaseException) -> bool:
    return isinstance(error, LeaseLostError | BusyError)


def _interpreter_is_ending() -> bool:
    # Between the end of the main thread and the stop of a server in a daemon thread, whatever needs a new thread
    # (a connection to SQLite, name resolution) fails. That says nothing about a run, and ends none.
    return not threading.main_thread().is_alive()
