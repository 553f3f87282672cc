"""Works off one task, or a part of it: has its items done, and says how it ended."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import attrs
from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate._spans import Span
from elluminate_server.execution import shares
from elluminate_server.execution.asking import Asking, HopelessError
from elluminate_server.execution.deleting import delete_piece
from elluminate_server.execution.leases import LeaseLostError, count_no_deaths, renew_for_writing
from elluminate_server.execution.means import Means
from elluminate_server.execution.outcomes import Outcome, outcome_of
from elluminate_server.execution.preparing import prepare, steps_of
from elluminate_server.execution.progress import item_states
from elluminate_server.execution.records import Told
from elluminate_server.execution.shares import Claim, ItemLostError
from elluminate_server.execution.supply import LEFT_SECONDS, Item, Source, Supply
from elluminate_server.execution.tally import Tally
from elluminate_server.execution.task_spans import item_span, task_span
from elluminate_server.execution.working import Assignment, Working
from elluminate_server.llm.types import ModelError
from elluminate_server.store.pieces import write_in_pieces
from elluminate_server.store.states import AGENT_EVALUATION, DELETION, DONE, EXPERIMENT, PENDING
from elluminate_server.store.tables import Task, WorkItem

__all__ = ["Run"]

logger = logging.getLogger("elluminate_server.execution")

_RETRIED = (EXPERIMENT, AGENT_EVALUATION)
"""Kinds of tasks of which a retry brings what they left undone."""


class Run:
    """One task in this process, from where its rows say it stands.

    Args:
        task_id: A task that is not over.
        means: What the runs of this process have in common.
        answers_for_it: Whether this process holds the lease of the task; else another one does, and this one does a
            part of its items alone.
    """

    def __init__(self, task_id: str, means: Means, *, answers_for_it: bool) -> None:
        self._task_id = task_id
        self._means = means
        self._answers_for_it = answers_for_it
        self._told: asyncio.Queue[str | None] = asyncio.Queue()
        self._asking = Asking(
            means.models, means.shortages, patience=means.patience, tell=self._told.put_nowait
        )
        self._task = Assignment(task_id=task_id)
        self._working = Working(self._task, self._asking, means)
        self._payload: Mapping[str, Any] = {}
        self._deaths_are_counted = False
        # What is added later is another run's, so that this one's numbers fit together.
        self._last_item = 0

    def end(self, reason: str) -> None:
        """Begin nothing more, because another process has found out that no model will answer."""
        self._asking.end(HopelessError(reason))

    def note_all(self, states: Mapping[str, int]) -> None:
        """Take note of how far the task is, because other processes work on it, too; given how many items are where."""
        total = sum(states.values())
        self._task.tally.note_all(total - states.get(PENDING, 0), states.get(DONE, 0))

    def tell_end(self, outcome: Outcome) -> None:
        """Log that the task failed, or how many of its answers: one line, without words of models and rows."""
        about: str = self._task.kind
        if self._task.experiment_id is not None:
            about += f" of experiment {self._task.experiment_id}"
        kinds = ", ".join(f"{count} × {kind}" for kind, count in self._working.failures.most_common())
        seen = f" Failures seen by this process: {kinds}." if kinds else ""
        if outcome.status != "SUCCESS":
            reason = outcome.reason or outcome.error_msg or "No reason is known."
            logger.warning(
                "Task %s (%s) ended as %s: %s%s", self._task_id, about, outcome.status, reason, seen
            )
        elif outcome.failed:
            logger.warning(
                "Task %s (%s) ended with %d of %d responses failed.%s",
                *(self._task_id, about, outcome.failed, outcome.total, seen),
            )

    async def perform(self) -> Outcome:
        """Do what is left to do, as the process that answers for the task.

        Raises:
            LeaseLostError: The task was revoked or taken over.
        """
        await write_in_pieces(self._means.store, self._prepare)
        await self._load()
        with self._span() as span:
            outcome = await self._do_all()
            span.tell({"elluminate.task_status": outcome.status})
            if outcome.status == "FAILURE":
                span.fail(outcome.status)
            return outcome

    async def _do_all(self) -> Outcome:
        if self._task.kind == DELETION:
            await write_in_pieces(self._means.store, self._delete)
            return Outcome(status="SUCCESS")
        await self._work_off()
        if self._asking.ended_by is not None:
            await self._others_to_stop()
            reason = f"Nothing more was asked for. {self._asking.ended_by}"
            kept = "What was done until then is kept"
            kept += ", and a retry goes on from there." if self._task.kind in _RETRIED else "."
            said = self._asking.ended_by.error_type or "found out by another process"
            return Outcome(
                status="FAILURE",
                error_msg=f"{reason} {kept}",
                reason=f"Nothing more was asked for, because a model does not answer ({said}). {kept}",
            )
        async with self._means.read() as session:
            outcome = await outcome_of(session, self._task_id, self._task.kind, self._task.since)
        return attrs.evolve(outcome, last_item=self._last_item)

    async def help(self) -> None:
        """Do a part of the items, until none is free any more.

        Raises:
            LeaseLostError: The task is over.
        """
        await self._load()
        with self._span():
            await self._work_off()

    def _span(self) -> AbstractContextManager[Span]:
        task = self._task
        return task_span(
            task.task_id, task.kind, self._payload, task.experiment_id, is_part=not self._answers_for_it
        )

    async def _prepare(self, session: AsyncSession, size: int) -> bool:
        task = await session.get_one(Task, self._task_id)
        if not steps_of(task):
            return True  # and that is no progress, which a lease kept for writing would count
        await self._keep_lease(session)
        await session.refresh(task)
        return await prepare(session, task, size)

    async def _delete(self, session: AsyncSession, size: int) -> bool:
        await self._keep_lease(session)
        experiment_id = self._task.experiment_id
        return experiment_id is None or await delete_piece(session, experiment_id, size)

    async def _keep_lease(self, session: AsyncSession) -> None:
        if not await renew_for_writing(session, self._means.owner, self._task_id):
            raise LeaseLostError

    async def _load(self) -> None:
        async with self._means.read() as session:
            task = await session.get(Task, self._task_id)
            if task is None or (task.kind == EXPERIMENT and task.experiment_id is None):
                raise LeaseLostError
            states = await item_states(session, self._task_id)
            self._last_item = await session.scalar(_last_item(self._task_id)) or 0
        total = sum(states.values())
        self._task = Assignment(
            task_id=task.id,
            kind=task.kind,
            experiment_id=task.experiment_id,
            mode=task.payload.get("rating_mode", "detailed"),
            since=task.created_at,
            tally=Tally(total, total - states.get(PENDING, 0), states.get(DONE, 0)),
        )
        self._payload = task.payload
        self._working = Working(self._task, self._asking, self._means)
        self._deaths_are_counted = self._answers_for_it and task.attempts > 1
        if task.ended_by is not None:
            self.end(task.ended_by)

    async def _work_off(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell())
            if self._task.tally.total:
                await self._supply_workers()
            self._told.put_nowait(None)
        if self._asking.is_ended_here:
            async with self._means.store.write(is_short=True) as session:
                await session.execute(
                    update(Task)
                    .where(Task.id == self._task_id, Task.ended_by.is_(None))
                    .values(ended_by=str(self._asking.ended_by))
                )

    async def _supply_workers(self) -> None:
        workers = min(self._means.workers, self._task.tally.total, await self._count_useful_workers())
        source = Source(
            claim=self._claim,
            load=self._working.load,
            is_any_free=self._is_any_free,
            is_any_left=self._is_any_left if self._answers_for_it else None,
            is_over=lambda: self._asking.ended_by is not None,
        )
        supply = Supply(source, workers)
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work(supply))
            await supply.fill()

    async def _work(self, supply: Supply) -> None:
        while (ready := await supply.take()) is not None:
            item, loaded = ready
            async with self._means.place():
                if self._asking.ended_by is None:
                    try:
                        with item_span(self._task_id, self._task.experiment_id, item):
                            await self._working.answer_and_rate(item, loaded)
                    except* (HopelessError, ItemLostError):
                        pass  # it is left undone, or to the process that has taken it over
            supply.done(item)

    async def _claim(self, size: int, takes_suspects: bool) -> Sequence[Item]:
        wanted = Claim(size=size, last_item=self._last_item, takes_suspects=takes_suspects)
        rows = await self._means.commits.add(self._task_id, wanted)
        items = [
            Item(
                row.id,
                row.entry_id,
                row.epoch,
                row.state,
                row.attempts,
                row.response_id,
                row.payload or {},
                row.persona_version_id,
            )
            for row in rows
        ]
        if items and self._deaths_are_counted:
            self._deaths_are_counted = False
            async with self._means.store.write(is_short=True) as session:
                await count_no_deaths(session, self._means.owner, self._task_id)
        return items

    async def _is_any_free(self) -> bool:
        async with self._means.read() as session:
            return await shares.is_any_free(session, self._task_id, self._last_item)

    async def _is_any_left(self) -> bool:
        """Whether others have to be waited for; asked when nothing is under way here."""
        owner = self._means.owner
        async with self._means.read() as session:
            is_left = await shares.is_any_left(session, self._task_id, self._last_item)
            is_lost = is_left and await shares.holds_any(session, owner, self._task_id)
        if is_lost:
            # The connection broke in the middle of a commit, and what it had claimed was not heard of.
            async with self._means.store.write(is_short=True) as session:
                await shares.leave(session, owner, [self._task_id])
        return is_left

    async def _others_to_stop(self) -> None:
        """Wait until other processes have brought to its end what they had begun; they begin nothing more."""
        while True:
            async with self._means.read() as session:
                if not await shares.is_any_held(session, self._means.owner, self._task_id):
                    return
            await asyncio.sleep(LEFT_SECONDS)

    async def _tell(self) -> None:
        """Have the log say what the run waits for, and that it goes on."""
        while (line := await self._told.get()) is not None:
            await self._means.commits.add(self._task_id, Told(line=line))

    async def _count_useful_workers(self) -> int:
        """Enough to keep both models busy: one row is answered and rated by one worker."""
        if self._task.experiment_id is None:
            return self._means.workers
        plan = await self._working.load_plan(self._task.experiment_id, None)
        judging = self._asking.judging(plan).config.max_connections
        try:
            return judging + self._asking.answering(plan).config.max_connections
        except ModelError:
            return judging


def _last_item(task_id: str) -> Select[Any]:
    return select(func.max(WorkItem.id)).where(WorkItem.task_id == task_id)
