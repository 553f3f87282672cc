"""Takes tasks from the queue and runs them in this process, side by side with the requests it answers."""

import asyncio
import contextlib
import logging
import threading

from sqlalchemy import select

from elluminate_server.execution import leases
from elluminate_server.execution.asking import Shortages
from elluminate_server.execution.commits import Commits
from elluminate_server.execution.leases import LeaseLostError
from elluminate_server.execution.limits import reading_slots
from elluminate_server.execution.notices import Notices
from elluminate_server.execution.outcomes import Outcome
from elluminate_server.execution.progress import progress_of
from elluminate_server.execution.run import Run
from elluminate_server.execution.storing import store_records
from elluminate_server.llm.providers import Models
from elluminate_server.settings import Settings
from elluminate_server.store.engine import BusyError, DatabaseDamagedError, Store
from elluminate_server.store.states import AGENT_EVALUATION, EXPERIMENT
from elluminate_server.store.tables import Experiment, Task

__all__ = ["Executor"]

logger = logging.getLogger("elluminate_server.execution")

MAX_RUNNING = 50
"""Most tasks at a time in one process; the others wait in the queue."""


class Executor:
    """The runs of one process.

    The queue is the database: `queueing`, `requeueing` and `agent_evaluation` add tasks inside the caller's
    transaction, leased to `owner`, and `wake` says after the commit that they are there. A run that this process
    does not finish, because it stops or is killed, is finished by the next one.

    Args:
        store: The database.
        models: The models that answer and judge.
        settings: The server's settings.

    Attributes:
        owner: Under which name this process holds leases.
        notices: What has changed, for whoever waits in this process.
    """

    def __init__(self, store: Store, models: Models, settings: Settings) -> None:
        self._store = store
        self._models = models
        self._settings = settings
        self.owner = leases.new_owner()
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._work = asyncio.Event()
        self._services: list[asyncio.Task[None]] = []
        self._commits = Commits(store, self.owner, store_records, self._publish)
        self._reading = reading_slots()
        self._shortages = Shortages()
        self.notices = Notices()

    async def start(self) -> None:
        """Begin to take tasks; first of all those that a former process left behind."""
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
        try:
            async with self._store.write() as session:
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

    def is_running(self, task_id: str) -> bool:
        """Whether the task runs in this process, so that its changes are published in `notices`."""
        return task_id in self._runs

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
                async with asyncio.timeout(leases.HEARTBEAT_SECONDS):
                    await self._work.wait()

    async def _keep_leases(self) -> None:
        if not self._runs:
            return
        async with self._store.write() as session:
            kept = await leases.renew(session, self.owner, list(self._runs))
        for task_id, run in list(self._runs.items()):
            if task_id not in kept:
                run.cancel()

    async def _take_tasks(self) -> None:
        room = MAX_RUNNING - len(self._runs)
        if room <= 0:
            return
        async with self._store.read() as session:
            free = await leases.find_claimable(session, self.owner, list(self._runs), room)
        for task_id, was_left in free.items():
            async with self._store.write() as session:
                taken = await leases.claim(session, self.owner, task_id)
            if taken and was_left:
                await self._tell_what_goes_on(task_id)
            if taken:
                self._runs[task_id] = asyncio.create_task(
                    self._run(task_id), name=f"elluminate-run-{task_id}"
                )
            self.notices.publish(task_id, over=not taken)

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
        try:
            while not await self._run_to_its_end(task_id):
                pass
        except LeaseLostError:
            logger.info("Task %s was revoked or taken over, or this process ends", task_id)
        except Exception:
            # Not even its end could be written. It is taken again, `leases.MAX_ATTEMPTS` times at most.
            if not _interpreter_is_ending():
                logger.exception("Task %s could not be ended", task_id)
        finally:
            self._runs.pop(task_id, None)
            self.notices.publish(task_id, over=True)
            self._work.set()

    async def _run_to_its_end(self, task_id: str) -> bool:
        """Do what is left of the task; False when it goes on, from where its rows say it stands."""
        try:
            outcome = await self._perform(task_id)
            is_over = await self._finish(task_id, outcome)
        except BusyError as error:
            logger.warning("Task %s goes on when the database can be used again: %s", task_id, error)
            await asyncio.sleep(leases.HEARTBEAT_SECONDS)
            return False
        if not is_over:
            logger.debug("Task %s was given more to do", task_id)
        return is_over

    async def _finish(self, task_id: str, outcome: Outcome) -> bool:
        async with self._store.write() as session:
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
        run = Run(
            task_id,
            self.owner,
            self._store,
            self._models,
            self._shortages,
            self._reading,
            self._commits,
            _interpreter_is_ending,
            max_turns=self._settings.max_conversation_turns,
            patience=self._settings.llm_patience,
        )
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
