"""Works off one task: answers its rows, rates the answers, and says how it ended."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import attrs
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution.commits import Commits
from elluminate_server.execution.deleting import delete_piece
from elluminate_server.execution.generation import (
    Generated,
    Subject,
    from_column,
    generate,
    load_subject,
    store_response,
)
from elluminate_server.execution.leases import LeaseLostError, renew_for_writing
from elluminate_server.execution.limits import Limits
from elluminate_server.execution.multi_turn import Scene, converse, load_scene
from elluminate_server.execution.outcomes import Outcome, outcome_of
from elluminate_server.execution.patience import Patience
from elluminate_server.execution.plans import (
    CriterionPlan,
    Plan,
    answering_model,
    judging_model,
    load_plan,
)
from elluminate_server.execution.preparing import prepare
from elluminate_server.execution.progress import item_states
from elluminate_server.execution.rating import Judged, Rated, judge, load_judged, store_rating
from elluminate_server.llm.providers import Models
from elluminate_server.llm.types import Model, ModelError, RatingMode
from elluminate_server.store.engine import Store
from elluminate_server.store.pieces import write_in_pieces
from elluminate_server.store.states import (
    ANSWERED,
    DELETION,
    DONE,
    EXPERIMENT,
    PENDING,
    RATINGS,
    RESPONSES,
    TaskKind,
)
from elluminate_server.store.tables import LogLine, Task, WorkItem

__all__ = ["Run"]

CHUNK = 100
MAX_WORKERS = 200


@attrs.frozen
class _Item:
    id: int
    entry_id: int
    epoch: int
    state: str
    response_id: int | None
    payload: dict[str, Any]
    persona_version_id: int | None


class Run:
    """One task in this process, from where its rows say it stands.

    Args:
        task_id: A task whose lease this process holds.
        owner: This process's name in the lease.
        store: The database.
        models: The models.
        limits: Bounds on simultaneous calls.
        patience: Waits where a model cannot be asked for what this process lacks.
        commits: The writer.
        ending: Whether the interpreter is ending, when failures of calls mean nothing.
        max_turns: Most answers of the model in one conversation.
    """

    def __init__(
        self,
        task_id: str,
        owner: str,
        store: Store,
        models: Models,
        limits: Limits,
        patience: Patience,
        commits: Commits,
        ending: Callable[[], bool],
        max_turns: int,
    ) -> None:
        self._task_id = task_id
        self._owner = owner
        self._store = store
        self._models = models
        self._limits = limits
        self._patience = patience
        self._commits = commits
        self._ending = ending
        self._max_turns = max_turns
        self._plans: dict[tuple[int, int | None], Plan] = {}
        self._kind: TaskKind = EXPERIMENT
        self._experiment_id: int | None = None
        self._mode: RatingMode = "detailed"
        self._since: Any = None
        self._total = 0
        # What is added later is another run's, so that this one's numbers fit together.
        self._last_item = 0
        # How many were answered and rated before this run, and which are in it: a write that is tried again
        # counts once.
        self._before = (0, 0)
        self._answered: set[int] = set()
        self._rated: set[int] = set()

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
        items: asyncio.Queue[_Item | None] = asyncio.Queue(maxsize=CHUNK)
        workers = min(MAX_WORKERS, self._total, await self._count_useful_workers())
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work(items))
            async for item in self._iterate_unfinished():
                await items.put(item)
            for _ in range(workers):
                await items.put(None)
        async with self._read() as session:
            outcome = await outcome_of(session, self._task_id, self._kind, self._since)
        return attrs.evolve(outcome, last_item=self._last_item)

    async def _prepare(self, session: AsyncSession, size: int) -> bool:
        await self._keep_lease(session)
        return await prepare(session, await session.get_one(Task, self._task_id), size)

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
            self._mode = task.payload.get("rating_mode", "detailed")
            self._since = task.created_at
            states = await item_states(session, self._task_id)
            last = await session.scalar(
                select(func.max(WorkItem.id)).where(WorkItem.task_id == self._task_id)
            )
        self._last_item = last or 0
        self._total = sum(states.values())
        self._before = (self._total - states.get(PENDING, 0), states.get(DONE, 0))

    async def _count_useful_workers(self) -> int:
        """Enough to keep both models busy: one row is answered and rated by one worker."""
        answering = self._limits.default
        if self._experiment_id is not None and self._kind != "ratings":
            plan = await self._load_plan(self._experiment_id, None)
            answering = self._limits.answering_size(
                plan.config, plan.generation_params.get("max_connections")
            )
        return answering + self._limits.default

    async def _iterate_unfinished(self) -> AsyncIterator[_Item]:
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
                    .limit(CHUNK)
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
            for item in chunk:
                yield item
            last = chunk[-1].id

    async def _work(self, items: "asyncio.Queue[_Item | None]") -> None:
        while (item := await items.get()) is not None:
            if item.state == PENDING:
                judged = await self._answer(item)
                if judged is None:
                    continue
            else:
                judged = await self._load_answered(item)
            await self._rate(item, judged)

    async def _load_answered(self, item: _Item) -> Judged | None:
        if item.response_id is None:
            return None
        async with self._read() as session:
            return await load_judged(session, item.response_id)

    async def _answer(self, item: _Item) -> Judged | None:
        """The new response; None when the row is gone, or there is nothing to rate."""
        plan = await self._load_plan(
            int(item.payload.get("experiment_id") or self._experiment_id or 0),
            item.payload.get("llm_config_id"),
        )
        asked = await self._ask(plan, item)
        if asked is None:
            return None
        subject, generated = asked
        if generated.error is not None and self._ending():
            raise LeaseLostError  # the call was cut off, not answered; whoever takes over asks again
        is_over = self._kind == RESPONSES or generated.error is not None

        async def write(session: AsyncSession) -> int | None:
            known = (
                await session.execute(
                    select(WorkItem.state, WorkItem.response_id).where(WorkItem.id == item.id)
                )
            ).one_or_none()
            if known is None:
                return None  # the row is gone
            if known.state != PENDING:
                # Written by the commit whose connection broke.
                return known.response_id if known.state == ANSWERED else None
            response_id = await store_response(session, plan, subject, generated, item.epoch)
            await session.execute(
                update(WorkItem)
                .where(WorkItem.id == item.id)
                .values(
                    state=DONE if is_over else ANSWERED,
                    attempts=WorkItem.attempts + 1,
                    error=generated.error,
                    response_id=response_id,
                )
            )
            self._answered.add(item.id)
            line = f"Generated {self._before[0] + len(self._answered)}/{self._total}"
            if generated.error is not None:
                line += f": row {item.entry_id}, epoch {item.epoch} failed: {generated.error}"
            session.add(LogLine(task_id=self._task_id, line=line))
            if is_over:
                self._rated.add(item.id)
            return None if is_over else response_id

        response_id: int | None = await self._write(write)
        if response_id is None:
            return None
        return Judged(
            response_id=response_id,
            experiment_id=plan.experiment_id,
            entry_id=item.entry_id,
            failed=False,
            prompt_messages=subject.messages or (),
            messages=generated.messages,
            values=subject.values,
            rated={},
        )

    async def _ask(self, plan: Plan, item: _Item) -> tuple[Subject, Generated] | None:
        """The row with its prompt, and what came of asking; None when the row is gone."""
        if plan.is_conversation and item.persona_version_id is not None:
            async with self._read() as session:
                scene = await load_scene(session, plan, item.entry_id, item.persona_version_id)
            return None if scene is None else (scene.subject, await self._converse(plan, scene))
        async with self._read() as session:
            subject = await load_subject(session, plan, item.entry_id)
        return None if subject is None else (subject, await self._generate(plan, subject))

    async def _converse(self, plan: Plan, scene: Scene) -> Generated:
        try:
            model = self._answering_model(plan)
        except ModelError as error:
            return Generated(error=str(error), persona_version_id=scene.persona_version_id)
        return await converse(
            plan,
            scene,
            model,
            self._patience.with_model(self._models.model_for(None)),
            model_slots=self._limits.answering(plan.config, plan.generation_params.get("max_connections")),
            user_slots=self._limits.answering(None, None),
            max_turns=self._max_turns,
        )

    async def _generate(self, plan: Plan, subject: Subject) -> Generated:
        if plan.response_column is not None:
            return from_column(plan, subject)
        try:
            model = self._answering_model(plan)
        except ModelError as error:
            return Generated(error=str(error))
        slots = self._limits.answering(plan.config, plan.generation_params.get("max_connections"))
        return await generate(plan, subject, model, slots)

    def _answering_model(self, plan: Plan) -> Model:
        return self._patience.with_model(answering_model(self._models, plan))

    async def _rate(self, item: _Item, judged: Judged | None) -> None:
        problems: dict[str, str] = {}
        if judged is not None and not judged.failed:
            plan = await self._load_plan(judged.experiment_id, None)
            left = [criterion for criterion in judged.criteria(plan) if not self._is_rated(judged, criterion)]
            async with asyncio.TaskGroup() as group:
                verdicts = {
                    criterion: group.create_task(self._judge(plan, judged, criterion)) for criterion in left
                }
            for criterion, verdict in verdicts.items():
                problem = verdict.result()
                if problem is not None:
                    problems[str(criterion.id)] = problem
        await self._write(partial(self._close, item=item, problems=problems))

    def _is_rated(self, judged: Judged, criterion: CriterionPlan) -> bool:
        """Whether there is a verdict already; a batch of ratings replaces those that are older than itself."""
        rated_at = judged.rated.get(criterion.id)
        return rated_at is not None and (self._kind != RATINGS or rated_at >= self._since)

    async def _judge(self, plan: Plan, judged: Judged, criterion: CriterionPlan) -> str | None:
        model = self._patience.with_model(judging_model(self._models, plan))
        result = await judge(judged, criterion, model, self._mode, self._limits.judging())
        if isinstance(result, Rated):
            rated = result
            await self._write(lambda session: store_rating(session, judged.response_id, rated))
            return None
        if self._ending():
            raise LeaseLostError
        return result

    async def _close(self, session: AsyncSession, item: _Item, problems: dict[str, str]) -> None:
        await session.execute(
            update(WorkItem).where(WorkItem.id == item.id).values(state=DONE, rating_errors=problems or None)
        )
        if item.response_id is not None:
            # What other tasks could not judge of this answer was tried again: their reasons hold no longer.
            await session.execute(
                update(WorkItem)
                .where(
                    WorkItem.response_id == item.response_id,
                    WorkItem.id != item.id,
                    WorkItem.rating_errors.is_not(None),
                )
                .values(rating_errors=None)
            )
        self._rated.add(item.id)
        for criterion_id, problem in problems.items():
            line = (
                f"Row {item.entry_id}, epoch {item.epoch}: criterion {criterion_id} was not judged: {problem}"
            )
            session.add(LogLine(task_id=self._task_id, line=line))
        session.add(
            LogLine(task_id=self._task_id, line=f"Rated {self._before[1] + len(self._rated)}/{self._total}")
        )

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
        async with self._limits.reading, self._store.read() as session:
            yield session

    async def _write(self, write: Callable[[AsyncSession], Any]) -> Any:
        return await self._commits.add(self._task_id, write)
