"""Gives a task its work items, a few thousand at a time: what is left to add stands in the task, as steps.

The first piece is added by the transaction that makes the task, and is all of it for most. The rest is added by the
process that runs the task, before it begins with the work: each piece in a transaction of its own, together with
where the steps stand after it, so that the next process goes on there if this one dies.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, exists, func, insert, literal, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution.gaps import (
    UNFINISHED_STATES,
    FailedResponse,
    can_generate,
    failed_in,
    next_rows,
    unjudged_in,
)
from elluminate_server.store import pieces
from elluminate_server.store.chunks import chunks
from elluminate_server.store.columns import Id
from elluminate_server.store.states import ANSWERED, PENDING
from elluminate_server.store.tables import (
    Entry,
    Experiment,
    LLMConfig,
    Prompt,
    Response,
    Task,
    WorkItem,
)

__all__ = [
    "Gaps",
    "Rows",
    "Step",
    "Unfinished",
    "announced_answers",
    "begin_preparing",
    "prepare",
    "set_steps",
    "steps_of",
]

MOST_IDS = 500
"""That one statement names."""


class Rows(msgspec.Struct, frozen=True, kw_only=True, tag="rows", tag_field="add"):
    """The rows of a collection, as it was when the run was asked for, once for each epoch and persona.

    Attributes:
        only: Ids of the rows that are meant, counting up; None for all.
        n_epochs: Epochs.
        personas: Versions of the personas that talk about each row; a single None outside multi-turn experiments.
        last_entry: The last row that there was; what is added to the collection later is not part of the run.
        answers: How many answers that makes.
        epoch: The epoch that is next.
        persona: The place of the persona that is next.
        after: The last row that was added for these two.
    """

    n_epochs: int
    personas: tuple[int | None, ...]
    last_entry: int
    answers: int
    only: tuple[int, ...] | None = None
    epoch: int = 1
    persona: int = 0
    after: int = 0

    def times_left(self, entry_id: int) -> int:
        """How many items of a row that is meant are still to be added."""
        begun = (self.epoch - 1) * len(self.personas) + self.persona + (entry_id <= self.after)
        return self.n_epochs * len(self.personas) - begun


class Unfinished(msgspec.Struct, frozen=True, kw_only=True, tag="unfinished", tag_field="add"):
    """The items that another task, which ended, has not done.

    Attributes:
        task_id: The other task.
        first_ordinal: What is added to the items' ordinals, so that they differ from those that are there; None
            before the first piece.
    """

    task_id: str
    first_ordinal: int | None = None


class Gaps(msgspec.Struct, frozen=True, kw_only=True, tag="gaps", tag_field="add"):
    """An item for each failed response, which is deleted, and for each answer that lacks a verdict.

    Attributes:
        after: The last row whose responses were looked at.
    """

    after: int = 0


Step = Rows | Unfinished | Gaps


def steps_of(task: Task) -> list[Step]:
    """What is left to add to a task; nothing when all its items are there."""
    return _steps_in(task.payload)


def _steps_in(payload: Mapping[str, Any]) -> list[Step]:
    return msgspec.convert(payload.get("steps", []), list[Step])


def set_steps(task: Task, steps: Sequence[Step]) -> None:
    """Note what is left to add to a task."""
    payload = {name: value for name, value in task.payload.items() if name != "steps"}
    task.payload = {**payload, "steps": msgspec.to_builtins(steps)} if steps else payload


async def begin_preparing(session: AsyncSession, task_id: str, steps: Sequence[Step]) -> None:
    """Note the steps in a new task, and do the first piece of them."""
    task = await session.get_one(Task, task_id)
    set_steps(task, steps)
    await prepare(session, task, pieces.FIRST_SIZE)


def announced_answers(payload: Mapping[str, Any]) -> Rows | None:
    """The rows of a task that are not all there yet, so that its items do not tell how many answers there will be."""
    return next((step for step in _steps_in(payload) if isinstance(step, Rows)), None)


async def prepare(session: AsyncSession, task: Task, size: int) -> bool:
    """Add about `size` of the task's items that are not there yet; whether they all are now.

    Args:
        session: A write transaction, of whoever holds the task or makes it.
        task: Belongs to an experiment.
        size: Most items, roughly.
    """
    steps = steps_of(task)
    if not steps:
        return True
    experiment = await session.get_one(Experiment, task.experiment_id)
    while steps and size > 0:
        done, rest = await _take(session, task, experiment, steps[0], size)
        size -= done
        steps[:1] = [] if rest is None else [rest]
    set_steps(task, steps)
    await session.flush()
    return not steps


async def _take(
    session: AsyncSession, task: Task, experiment: Experiment, step: Step, size: int
) -> tuple[int, Step | None]:
    """Do a piece of a step: how much was done, and what is left of the step."""
    match step:
        case Rows():
            return await _add_rows(session, task, experiment, step, size)
        case Unfinished():
            return await _take_over(session, task, step, size)
        case Gaps():
            return await _add_gaps(session, task, experiment, step, size)


async def _add_rows(
    session: AsyncSession, task: Task, experiment: Experiment, step: Rows, size: int
) -> tuple[int, Step | None]:
    rows = select(Entry.id).where(
        Entry.collection_id == experiment.collection_id,
        Entry.deleted_at.is_(None),
        Entry.id > step.after,
        Entry.id <= step.last_entry,
    )
    if step.only is None:
        piece = rows.order_by(Entry.id).limit(size).subquery()
        count, last = (
            await session.execute(select(func.count(), func.max(piece.c.id)).select_from(piece))
        ).one()
    else:
        first = bisect_right(step.only, step.after)
        size = min(size, MOST_IDS)
        chosen = step.only[first : first + size]
        rows = rows.where(Entry.id.in_(chosen))
        count, last = len(chosen), max(chosen, default=0)
    if count:
        await session.execute(
            insert(WorkItem).from_select(
                ["entry_id", "task_id", "epoch", "ordinal", "state", "attempts", "persona_version_id"],
                rows.add_columns(
                    literal(task.id),
                    literal(step.epoch),
                    literal(step.persona),
                    literal(PENDING),
                    literal(0),
                    literal(step.personas[step.persona], Id),
                )
                .where(Entry.id <= last)
                .order_by(Entry.id),
            )
        )
    if count == size:
        return count, msgspec.structs.replace(step, after=last)
    if step.persona + 1 < len(step.personas):
        return count, msgspec.structs.replace(step, persona=step.persona + 1, after=0)
    if step.epoch < step.n_epochs:
        return count, msgspec.structs.replace(step, epoch=step.epoch + 1, persona=0, after=0)
    return count, None


async def _take_over(
    session: AsyncSession, task: Task, step: Unfinished, size: int
) -> tuple[int, Step | None]:
    first = step.first_ordinal
    if first is None:
        highest = await session.scalar(select(func.max(WorkItem.ordinal)).where(WorkItem.task_id == task.id))
        first = 0 if highest is None else highest + 1
    left = (
        select(WorkItem.id)
        .join(Entry, Entry.id == WorkItem.entry_id)
        .where(
            WorkItem.task_id == step.task_id,
            WorkItem.state.in_(UNFINISHED_STATES),
            Entry.deleted_at.is_(None),
        )
        .order_by(WorkItem.id)
        .limit(size)
    )
    moved: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(WorkItem)
        .where(WorkItem.id.in_(left))
        .values(task_id=task.id, ordinal=WorkItem.ordinal + first, holder=None, attempts=0)
        .execution_options(synchronize_session=False)
    )
    rest = Unfinished(task_id=step.task_id, first_ordinal=first) if moved.rowcount == size else None
    return moved.rowcount, rest


async def _add_gaps(
    session: AsyncSession, task: Task, experiment: Experiment, step: Gaps, size: int
) -> tuple[int, Step | None]:
    rows = await next_rows(session, experiment.id, step.after, size)
    failed = await failed_in(session, experiment.id, rows) if can_generate(experiment) else []
    unjudged = await _not_taken(session, task, await unjudged_in(session, experiment, rows))
    items = [
        *await _items_of_failed(session, experiment, failed),
        *await _items_of_unjudged(session, unjudged),
    ]
    places = await session.execute(
        select(WorkItem.entry_id, WorkItem.epoch, func.max(WorkItem.ordinal))
        .where(WorkItem.task_id == task.id, rows.holds(WorkItem.entry_id))
        .group_by(WorkItem.entry_id, WorkItem.epoch)
    )
    ordinals = Counter({(entry_id, epoch): highest + 1 for entry_id, epoch, highest in places})
    for item in items:
        place = (item["entry_id"], item["epoch"])
        item["task_id"], item["ordinal"] = task.id, ordinals[place]
        ordinals[place] += 1
    for chunk in chunks(items):
        await session.execute(insert(WorkItem), chunk)
    return size, None if rows.last is None else Gaps(after=rows.last)


async def _not_taken(session: AsyncSession, task: Task, response_ids: Sequence[int]) -> list[int]:
    """Those of the responses that no item of the task is about yet."""
    taken: set[int | None] = set()
    for chunk in chunks(response_ids):
        taken.update(
            await session.scalars(
                select(WorkItem.response_id).where(
                    WorkItem.task_id == task.id, WorkItem.response_id.in_(chunk)
                )
            )
        )
    return [response_id for response_id in response_ids if response_id not in taken]


async def _items_of_failed(
    session: AsyncSession, experiment: Experiment, failed: Sequence[FailedResponse]
) -> list[dict[str, Any]]:
    """An item for each, for the same row, epoch and LLM config; the responses are deleted."""
    asked = {response.llm_config_id for response in failed} - {None}
    known = set(
        await session.scalars(
            select(LLMConfig.id).where(LLMConfig.id.in_(asked), LLMConfig.project_id == experiment.project_id)
        )
    )
    for chunk in chunks([response.id for response in failed]):
        await session.execute(
            delete(Response).where(Response.id.in_(chunk)).execution_options(synchronize_session=False)
        )
    await _forget_unrendered(session, sorted({response.prompt_id for response in failed}))
    return [
        {
            "entry_id": response.entry_id,
            "epoch": response.epoch,
            "persona_version_id": response.persona_version_id,
            "state": PENDING,
            "response_id": None,
            "rating_errors": None,
            "payload": {
                "judged_as_of": response.judged_as_of.isoformat(),
                "llm_config_id": response.llm_config_id if response.llm_config_id in known else None,
            },
        }
        for response in failed
    ]


async def _forget_unrendered(session: AsyncSession, prompt_ids: Sequence[int]) -> None:
    """Drop prompts that could not be rendered: the row may have been corrected, and they are tried anew."""
    for chunk in chunks(prompt_ids):
        found = await session.execute(
            select(Prompt.id, Prompt.messages).where(
                Prompt.id.in_(chunk),
                ~exists().where(Response.prompt_id == Prompt.id),
            )
        )
        empty = [row[0] for row in found if not row[1]]
        await session.execute(
            delete(Prompt).where(Prompt.id.in_(empty)).execution_options(synchronize_session=False)
        )


async def _items_of_unjudged(session: AsyncSession, response_ids: Sequence[int]) -> list[dict[str, Any]]:
    """An item for each answer, which is not asked for again.

    It keeps the reasons why verdicts are missing until they are there, and no other item does.
    """
    items = []
    for chunk in chunks(response_ids):
        about_them = WorkItem.response_id.in_(chunk), WorkItem.rating_errors.is_not(None)
        reasons: dict[int | None, dict[str, Any]] = defaultdict(dict)
        known = select(WorkItem.response_id, WorkItem.rating_errors).where(*about_them).order_by(WorkItem.id)
        for response_id, errors in await session.execute(known):
            reasons[response_id].update(errors or {})
        await session.execute(
            update(WorkItem)
            .where(*about_them)
            .values(rating_errors=None)
            .execution_options(synchronize_session=False)
        )
        found = await session.execute(
            select(Response.id, Response.entry_id, Response.epoch, Response.persona_version_id)
            .where(Response.id.in_(chunk))
            .order_by(Response.entry_id, Response.epoch, Response.persona_version_id, Response.id)
        )
        items += [
            {
                "entry_id": entry_id,
                "epoch": epoch,
                "persona_version_id": persona_version_id,
                "state": ANSWERED,
                "response_id": response_id,
                "rating_errors": reasons.get(response_id),
                "payload": None,
            }
            for response_id, entry_id, epoch, persona_version_id in found
        ]
    return items
