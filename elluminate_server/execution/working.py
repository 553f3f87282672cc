"""Does one item of a task after the other: asks for its answer, has it judged, and stores what came of it."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from elluminate._spans import current_span
from elluminate_server.execution.answering import Answered, Answering
from elluminate_server.execution.asking import Asking, HopelessError
from elluminate_server.execution.generation import Generated, Subject, load_subjects
from elluminate_server.execution.judging import Judging
from elluminate_server.execution.leases import MAX_ATTEMPTS, LeaseLostError
from elluminate_server.execution.means import Means
from elluminate_server.execution.plans import CriterionPlan, Plan, load_plan
from elluminate_server.execution.rating import Judged, Loaded, Rated, load_all_judged, load_judged
from elluminate_server.execution.records import Closed, Given, NewResponse, NotStored, Record, Stored
from elluminate_server.execution.supply import Item
from elluminate_server.execution.tally import Tally
from elluminate_server.llm.types import RatingMode
from elluminate_server.store.columns import utc_now
from elluminate_server.store.states import EXPERIMENT, PENDING, RATINGS, RESPONSES, TaskKind

__all__ = ["Assignment", "Working"]

GIVEN_UP = (
    f"Given up: {MAX_ATTEMPTS} processes ended in the middle of it, and nothing came of it. See the server's log; a "
    "retry tries it again."
)


@attrs.frozen(kw_only=True)
class Assignment:
    """What a task asks for.

    Attributes:
        task_id: The task.
        kind: What it is for.
        experiment_id: The experiment that it is about, if it is about one.
        mode: How its answers are judged.
        since: When it was made.
        tally: Where its items count.
    """

    task_id: str
    kind: TaskKind = EXPERIMENT
    experiment_id: int | None = None
    mode: RatingMode = "detailed"
    since: datetime.datetime = attrs.field(factory=utc_now)
    tally: Tally = attrs.field(factory=lambda: Tally(0, 0, 0))


class Working:
    """Works on the items of one task.

    Args:
        assignment: The task.
        asking: The models.
        means: What the runs of this process have in common.

    Attributes:
        failures: Answers that failed in this process, by their `Generated.error_type`.
    """

    def __init__(self, assignment: Assignment, asking: Asking, means: Means) -> None:
        self._task = assignment
        self.failures: Counter[str] = Counter()
        self._asking = asking
        self._means = means
        self._answering = Answering(
            asking,
            means.read,
            max_turns=means.max_turns,
            asked_at=assignment.since,
            # Whoever has answers judged anew wants no verdict of before.
            takes_kept=assignment.kind != RATINGS,
        )
        self._judging = Judging(assignment.mode, means.models.nonce_of, self._store_verdict)
        self._items: dict[int, int] = {}  # that are being rated, by their responses
        self._plans: dict[tuple[int, int | None], Plan] = {}

    async def load(self, items: Sequence[Item]) -> Mapping[int, Loaded]:
        """What these items are about, without those whose row is gone; conversations and agents' answers are read one
        by one.
        """
        answered = {item.response_id: item.id for item in items if item.state != PENDING and item.response_id}
        judged: Mapping[int, Judged] = {}
        if answered:
            async with self._means.read() as session:
                judged = await load_all_judged(session, answered)
        subjects = await self.load_subjects(items)
        return {**subjects, **{answered[response_id]: one for response_id, one in judged.items()}}

    async def load_subjects(self, items: Sequence[Item]) -> Mapping[int, Subject]:
        """What is to be answered of these items, without those whose row is gone; conversations are read one by one."""
        by_plan: dict[tuple[int, int | None], list[Item]] = defaultdict(list)
        for item in items:
            if item.state == PENDING:
                by_plan[self._plan_key(item)].append(item)
        subjects: dict[int, Subject] = {}
        for key, of_plan in by_plan.items():
            plan = await self.load_plan(*key)
            if plan.is_conversation:
                continue
            async with self._means.read() as session:
                found = await load_subjects(session, plan, list({item.entry_id for item in of_plan}))
            subjects.update({item.id: found[item.entry_id] for item in of_plan if item.entry_id in found})
        return subjects

    async def answer_and_rate(self, item: Item, loaded: Loaded | None) -> None:
        """Do what is left of an item.

        Args:
            item: The item.
            loaded: What `load` has found for it.

        Raises:
            ItemLostError: Another process has taken it over.
            LeaseLostError: The task is over.
            HopelessError: No model will answer.
        """
        if item.state == PENDING:
            judged = await self._answer(item, loaded if isinstance(loaded, Subject) else None)
            if judged is None:
                return
        elif isinstance(loaded, Judged):
            judged = loaded
        else:
            judged = await self._load_answered(item)
        await self._rate(item, judged)

    async def _load_answered(self, item: Item) -> Judged | None:
        if item.response_id is None:
            return None
        async with self._means.read() as session:
            return await load_judged(session, item.response_id)

    async def _answer(self, item: Item, subject: Subject | None) -> Judged | None:
        """The new response; None when the row is gone, or there is nothing to rate."""
        plan = await self.load_plan(*self._plan_key(item))
        asked = await self._ask(plan, item, subject)
        if asked is None:
            return None
        generated = asked.generated
        if generated.error is not None:
            if self._means.ending():
                raise LeaseLostError  # the call was cut off, not answered; whoever takes over asks again
            current_span().fail(generated.error_type)
            self.failures[generated.error_type] += 1
        response = NewResponse(
            plan=plan,
            subject=asked.subject,
            generated=generated,
            epoch=item.epoch,
            judged_as_of=item.judged_as_of or plan.run_asked_at,
            kept=asked.kept,
        )
        is_over = self._task.kind == RESPONSES or generated.error is not None
        response_id: int | NotStored | None = await self._write(
            Stored(item_id=item.id, response=response, is_over=is_over, tally=self._task.tally)
        )
        if response_id is NotStored.OTHER_PROMPT:
            return await self._answer(item, (await self.load_subjects([item])).get(item.id))
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
            seconds=None if generated.config is None else generated.usage.duration_seconds,
            cost_usd=None if generated.config is None else generated.usage.estimated_cost_usd,
        )

    async def _ask(self, plan: Plan, item: Item, subject: Subject | None) -> Answered | None:
        """What came of asking; None when the row is gone."""
        if plan.is_conversation:
            persona = item.persona_version_id
            if item.is_given_up:
                scene = await self._answering.load_scene(plan, item.entry_id, persona)
                failed = Generated(error=GIVEN_UP, persona_version_id=persona)
                return None if scene is None else Answered(scene.subject, failed)
            return await self._answering.converse(plan, item.entry_id, persona, epoch=item.epoch)
        if item.is_given_up:
            return None if subject is None else Answered(subject, Generated(error=GIVEN_UP))
        return await self._answering.answer(plan, subject, epoch=item.epoch)

    async def _rate(self, item: Item, judged: Judged | None) -> None:
        problems: dict[str, str] = {}
        if judged is not None and not judged.failed:
            plan = await self.load_plan(judged.experiment_id, None)
            left = [criterion for criterion in judged.criteria(plan) if not self._is_rated(judged, criterion)]
            if item.is_given_up:
                missing: Mapping[CriterionPlan, str] = dict.fromkeys(left, GIVEN_UP)
            else:
                try:
                    missing = await self._judge(item, judged, left, plan)
                except HopelessError:
                    return  # what was judged is kept, and the rest is left undone
            if missing and self._means.ending():
                raise LeaseLostError  # calls were cut off, not answered; whoever takes over asks again
            problems = {str(criterion.id): problem for criterion, problem in missing.items()}
        await self._write(
            Closed(
                item_id=item.id,
                place=f"Row {item.entry_id}, epoch {item.epoch}",
                response_id=item.response_id,
                problems=problems,
                tally=self._task.tally,
            )
        )

    def _is_rated(self, judged: Judged, criterion: CriterionPlan) -> bool:
        """Whether there is a verdict already; a batch of ratings replaces those that are older than itself."""
        rated_at = judged.rated.get(criterion.id)
        return rated_at is not None and (self._task.kind != RATINGS or rated_at >= self._task.since)

    async def _judge(
        self, item: Item, judged: Judged, criteria: Sequence[CriterionPlan], plan: Plan
    ) -> Mapping[CriterionPlan, str]:
        self._items[judged.response_id] = item.id
        try:
            kept_calls = self._answering.kept_calls(plan)
            return await self._judging.judge(judged, criteria, lambda: self._asking.judging(plan), kept_calls)
        finally:
            del self._items[judged.response_id]

    async def _store_verdict(self, judged: Judged, rated: Rated) -> None:
        response_id, plan = judged.response_id, await self.load_plan(judged.experiment_id, None)
        await self._write(
            Given(
                item_id=self._items[response_id],
                response_id=response_id,
                rated=rated,
                project_id=plan.project_id,
            )
        )

    def _plan_key(self, item: Item) -> tuple[int, int | None]:
        experiment_id = int(item.payload.get("experiment_id") or self._task.experiment_id or 0)
        return experiment_id, item.payload.get("llm_config_id")

    async def load_plan(self, experiment_id: int, llm_config_id: int | None) -> Plan:
        """How the answers of an experiment are made, read once.

        Raises:
            LeaseLostError: The experiment was deleted.
        """
        key = (experiment_id, llm_config_id)
        if key not in self._plans:
            async with self._means.read() as session:
                plan = await load_plan(session, experiment_id, llm_config_id=llm_config_id)
            if plan is None:
                raise LeaseLostError  # the experiment was deleted
            self._plans[key] = plan
        return self._plans[key]

    async def _write(self, record: Record) -> Any:
        return await self._means.commits.add(self._task.task_id, record)
