"""Works off one task: answers its rows, rates the answers, and says how it ended."""

import asyncio
import contextlib
import datetime
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import attrs
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution.answering import Answered, Answering
from elluminate_server.execution.asking import Asking, HopelessError, Shortages
from elluminate_server.execution.commits import Commits
from elluminate_server.execution.deleting import delete_piece
from elluminate_server.execution.generation import Subject, load_subjects
from elluminate_server.execution.judging import Judging
from elluminate_server.execution.leases import LeaseLostError, renew_for_writing
from elluminate_server.execution.limits import MAX_WORKERS
from elluminate_server.execution.outcomes import Outcome, outcome_of
from elluminate_server.execution.plans import (
    CriterionPlan,
    Plan,
    load_plan,
)
from elluminate_server.execution.preparing import prepare, steps_of
from elluminate_server.execution.progress import item_states
from elluminate_server.execution.rating import Judged, Rated, load_judged
from elluminate_server.execution.storing import Closed, Given, NewResponse, NotStored, Record, Stored, Told
from elluminate_server.execution.tally import Tally
from elluminate_server.llm.providers import Models
from elluminate_server.llm.types import ModelError
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.pieces import write_in_pieces
from elluminate_server.store.states import (
    AGENT_EVALUATION,
    DELETION,
    DONE,
    EXPERIMENT,
    PENDING,
    RATINGS,
    RESPONSES,
    TaskKind,
)
from elluminate_server.store.tables import Task, WorkItem

__all__ = ["Run"]

SLICE = 25
"""Work items that are read together, with their rows, ahead of need."""


_RETRIED = (EXPERIMENT, AGENT_EVALUATION)
"""Kinds of tasks of which a retry brings what they left undone."""


@attrs.frozen
class _Item:
    id: int
    entry_id: int
    epoch: int
    state: str
    response_id: int | None
    payload: dict[str, Any]
    persona_version_id: int | None

    @property
    def judged_as_of(self) -> datetime.datetime | None:
        """The moment whose criteria count, where its answer takes the place of one that failed; see `gaps`."""
        moment = self.payload.get("judged_as_of")
        return None if moment is None else datetime.datetime.fromisoformat(moment)


class Run:
    """One task in this process, from where its rows say it stands.

    Args:
        task_id: A task whose lease this process holds.
        owner: This process's name in the lease.
        store: The database.
        models: The models.
        shortages: Tells that a model cannot be asked for what this process lacks.
        reading: Slots for reading transactions.
        commits: The writer.
        ending: Whether the interpreter is ending, when failures of calls mean nothing.
        max_turns: Most answers of the model in one conversation.
        patience: Seconds that a call waits for an endpoint that refuses it for load, or is away.
    """

    def __init__(
        self,
        task_id: str,
        owner: str,
        store: Store,
        models: Models,
        shortages: Shortages,
        reading: asyncio.Semaphore,
        commits: Commits[Record],
        ending: Callable[[], bool],
        *,
        max_turns: int,
        patience: float,
    ) -> None:
        self._task_id = task_id
        self._owner = owner
        self._store = store
        self._told: asyncio.Queue[str | None] = asyncio.Queue()
        self._asking = Asking(models, shortages, patience=patience, tell=self._told.put_nowait)
        self._nonce_of = models.nonce_of
        self._reading = reading
        self._commits = commits
        self._ending = ending
        self._max_turns = max_turns
        self._plans: dict[tuple[int, int | None], Plan] = {}
        self._kind: TaskKind = EXPERIMENT
        self._experiment_id: int | None = None
        self._judging = Judging("detailed", self._nonce_of, self._store_verdict)
        self._answering = self._answered_as_of(utc_now())
        self._since: Any = None
        self._tally = Tally(0, 0, 0)
        # What is added later is another run's, so that this one's numbers fit together.
        self._last_item = 0

    async def perform(self) -> Outcome:
        """Do what is left to do.

        Raises:
            LeaseLostError: The task was revoked or taken over.
        """
        await write_in_pieces(self._store, self._prepare)
        await self._load()
        if self._kind == DELETION:
            await write_in_pieces(self._store, self._delete)
            return Outcome(status="SUCCESS")
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell())
            await self._work_off()
            self._told.put_nowait(None)
        if self._asking.ended_by is not None:
            reason = f"Nothing more was asked for. {self._asking.ended_by}"
            kept = "What was done until then is kept"
            kept += ", and a retry goes on from there." if self._kind in _RETRIED else "."
            return Outcome(status="FAILURE", error_msg=f"{reason} {kept}")
        async with self._read() as session:
            outcome = await outcome_of(session, self._task_id, self._kind, self._since)
        return attrs.evolve(outcome, last_item=self._last_item)

    async def _prepare(self, session: AsyncSession, size: int) -> bool:
        task = await session.get_one(Task, self._task_id)
        if not steps_of(task):
            return True  # and that is no progress, which a lease kept for writing would count
        await self._keep_lease(session)
        await session.refresh(task)
        return await prepare(session, task, size)

    async def _delete(self, session: AsyncSession, size: int) -> bool:
        await self._keep_lease(session)
        return self._experiment_id is None or await delete_piece(session, self._experiment_id, size)

    async def _keep_lease(self, session: AsyncSession) -> None:
        if not await renew_for_writing(session, self._owner, self._task_id):
            raise LeaseLostError

    async def _load(self) -> None:
        async with self._read() as session:
            task = await session.get(Task, self._task_id)
            if task is None:
                raise LeaseLostError
            self._kind, self._experiment_id = task.kind, task.experiment_id
            if self._kind == EXPERIMENT and self._experiment_id is None:
                raise LeaseLostError
            self._judging = Judging(
                task.payload.get("rating_mode", "detailed"), self._nonce_of, self._store_verdict
            )
            self._since = task.created_at
            self._answering = self._answered_as_of(task.created_at)
            states = await item_states(session, self._task_id)
            last = await session.scalar(
                select(func.max(WorkItem.id)).where(WorkItem.task_id == self._task_id)
            )
        self._last_item = last or 0
        total = sum(states.values())
        self._tally = Tally(total, total - states.get(PENDING, 0), states.get(DONE, 0))

    def _answered_as_of(self, asked_at: datetime.datetime) -> Answering:
        return Answering(
            self._asking,
            self._read,
            max_turns=self._max_turns,
            asked_at=asked_at,
            # Whoever has answers judged anew wants no verdict of before.
            takes_kept=self._kind != RATINGS,
        )

    async def _work_off(self) -> None:
        items: asyncio.Queue[tuple[_Item, Subject | None] | None] = asyncio.Queue(maxsize=SLICE)
        workers = min(MAX_WORKERS, self._tally.total, await self._count_useful_workers())
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work(items))
            async for slice_ in self._iterate_unfinished():
                subjects = await self._load_subjects(slice_)
                for item in slice_:
                    await items.put((item, subjects.get(item.id)))
                if self._asking.ended_by is not None:
                    break
            for _ in range(workers):
                await items.put(None)

    async def _tell(self) -> None:
        """Have the log say what the run waits for, and that it goes on."""
        while (line := await self._told.get()) is not None:
            await self._write(Told(line=line))

    async def _count_useful_workers(self) -> int:
        """Enough to keep both models busy: one row is answered and rated by one worker."""
        if self._experiment_id is None:
            return MAX_WORKERS
        plan = await self._load_plan(self._experiment_id, None)
        judging = self._asking.judging(plan).config.max_connections
        try:
            return judging + self._asking.answering(plan).config.max_connections
        except ModelError:
            return judging

    async def _iterate_unfinished(self) -> AsyncIterator[list[_Item]]:
        last = 0
        while True:
            async with self._read() as session:
                rows = await session.execute(
                    select(
                        WorkItem.id,
                        WorkItem.entry_id,
                        WorkItem.epoch,
                        WorkItem.state,
                        WorkItem.response_id,
                        WorkItem.payload,
                        WorkItem.persona_version_id,
                    )
                    .where(
                        WorkItem.task_id == self._task_id,
                        WorkItem.state != DONE,
                        WorkItem.id > last,
                        WorkItem.id <= self._last_item,
                    )
                    .order_by(WorkItem.id)
                    .limit(SLICE)
                )
                chunk = [
                    _Item(
                        row.id,
                        row.entry_id,
                        row.epoch,
                        row.state,
                        row.response_id,
                        row.payload or {},
                        row.persona_version_id,
                    )
                    for row in rows
                ]
            if not chunk:
                return
            yield chunk
            last = chunk[-1].id

    async def _load_subjects(self, items: Sequence[_Item]) -> dict[int, Subject]:
        """What is to be answered of these items, without those whose row is gone; conversations are read one by one."""
        by_plan: dict[tuple[int, int | None], list[_Item]] = defaultdict(list)
        for item in items:
            if item.state == PENDING:
                by_plan[self._plan_key(item)].append(item)
        subjects: dict[int, Subject] = {}
        for key, of_plan in by_plan.items():
            plan = await self._load_plan(*key)
            if plan.is_conversation:
                continue
            async with self._read() as session:
                found = await load_subjects(session, plan, list({item.entry_id for item in of_plan}))
            subjects.update({item.id: found[item.entry_id] for item in of_plan if item.entry_id in found})
        return subjects

    async def _work(self, items: "asyncio.Queue[tuple[_Item, Subject | None] | None]") -> None:
        while (next_one := await items.get()) is not None:
            if self._asking.ended_by is None:
                with contextlib.suppress(HopelessError):
                    await self._answer_and_rate(*next_one)

    async def _answer_and_rate(self, item: _Item, subject: Subject | None) -> None:
        if item.state == PENDING:
            judged = await self._answer(item, subject)
            if judged is None:
                return
        else:
            judged = await self._load_answered(item)
        await self._rate(item, judged)

    async def _load_answered(self, item: _Item) -> Judged | None:
        if item.response_id is None:
            return None
        async with self._read() as session:
            return await load_judged(session, item.response_id)

    async def _answer(self, item: _Item, subject: Subject | None) -> Judged | None:
        """The new response; None when the row is gone, or there is nothing to rate."""
        plan = await self._load_plan(*self._plan_key(item))
        asked = await self._ask(plan, item, subject)
        if asked is None:
            return None
        generated = asked.generated
        if generated.error is not None and self._ending():
            raise LeaseLostError  # the call was cut off, not answered; whoever takes over asks again
        response = NewResponse(
            plan=plan,
            subject=asked.subject,
            generated=generated,
            epoch=item.epoch,
            judged_as_of=item.judged_as_of or plan.run_asked_at,
            kept=asked.kept,
        )
        is_over = self._kind == RESPONSES or generated.error is not None
        response_id: int | NotStored | None = await self._write(
            Stored(item_id=item.id, response=response, is_over=is_over, tally=self._tally)
        )
        if response_id is NotStored.OTHER_PROMPT:
            return await self._answer(item, (await self._load_subjects([item])).get(item.id))
        if response_id is None:
            return None
        return Judged(
            response_id=response_id,
            experiment_id=plan.experiment_id,
            entry_id=item.entry_id,
            epoch=item.epoch,
            failed=False,
            prompt_messages=asked.subject.messages or (),
            messages=generated.messages,
            values=asked.subject.values,
            rated={},
            moment=response.judged_as_of,
        )

    async def _ask(self, plan: Plan, item: _Item, subject: Subject | None) -> Answered | None:
        if plan.is_conversation:
            return await self._answering.converse(
                plan, item.entry_id, item.persona_version_id, epoch=item.epoch
            )
        return await self._answering.answer(plan, subject, epoch=item.epoch)

    async def _rate(self, item: _Item, judged: Judged | None) -> None:
        problems: dict[str, str] = {}
        if judged is not None and not judged.failed:
            plan = await self._load_plan(judged.experiment_id, None)
            left = [criterion for criterion in judged.criteria(plan) if not self._is_rated(judged, criterion)]
            try:
                missing = await self._judging.judge(
                    judged, left, self._asking.judging(plan), self._answering.kept_calls(plan)
                )
            except HopelessError:
                return  # what was judged is kept, and the rest is left undone
            if missing and self._ending():
                raise LeaseLostError  # calls were cut off, not answered; whoever takes over asks again
            problems = {str(criterion.id): problem for criterion, problem in missing.items()}
        await self._write(
            Closed(
                item_id=item.id,
                place=f"Row {item.entry_id}, epoch {item.epoch}",
                response_id=item.response_id,
                problems=problems,
                tally=self._tally,
            )
        )

    def _is_rated(self, judged: Judged, criterion: CriterionPlan) -> bool:
        """Whether there is a verdict already; a batch of ratings replaces those that are older than itself."""
        rated_at = judged.rated.get(criterion.id)
        return rated_at is not None and (self._kind != RATINGS or rated_at >= self._since)

    async def _store_verdict(self, judged: Judged, rated: Rated) -> None:
        plan = await self._load_plan(judged.experiment_id, None)
        await self._write(Given(response_id=judged.response_id, rated=rated, project_id=plan.project_id))

    def _plan_key(self, item: _Item) -> tuple[int, int | None]:
        experiment_id = int(item.payload.get("experiment_id") or self._experiment_id or 0)
        return experiment_id, item.payload.get("llm_config_id")

    async def _load_plan(self, experiment_id: int, llm_config_id: int | None) -> Plan:
        key = (experiment_id, llm_config_id)
        if key not in self._plans:
            async with self._read() as session:
                plan = await load_plan(session, experiment_id, llm_config_id=llm_config_id)
            if plan is None:
                raise LeaseLostError  # the experiment was deleted
            self._plans[key] = plan
        return self._plans[key]

    @contextlib.asynccontextmanager
    async def _read(self) -> AsyncIterator[AsyncSession]:
        async with self._reading, self._store.read() as session:
            yield session

    async def _write(self, record: Record) -> Any:
        return await self._commits.add(self._task_id, record)
