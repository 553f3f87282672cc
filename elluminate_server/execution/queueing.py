"""Puts tasks into the queue, which is the database: a row for the task and one for each piece of its work.

Everything here runs inside the caller's write transaction, so that a task is there exactly when the change
that asked for it is.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.errors import DomainError
from elluminate_server.domain.flaws import flaw_of
from elluminate_server.execution.generation import prompt_row, subject_of
from elluminate_server.execution.leases import Process, expiry
from elluminate_server.execution.moments import judge_anew
from elluminate_server.execution.plans import Plan, load_plan
from elluminate_server.execution.preparing import Rows, begin_preparing
from elluminate_server.execution.task_spans import asked_within
from elluminate_server.llm.prices import price_of_tokens
from elluminate_server.store.chunks import chunks
from elluminate_server.store.columns import utc_now
from elluminate_server.store.states import ANSWERED, DONE, EXPERIMENT, RATINGS, RESPONSES, TaskKind
from elluminate_server.store.tables import (
    Entry,
    Experiment,
    LogLine,
    PersonaGroupMember,
    PersonaVersion,
    Prompt,
    Response,
    Task,
    WorkItem,
)

__all__ = [
    "MAX_ANSWERS",
    "ResponseOrder",
    "add_done_ratings",
    "add_experiment",
    "add_rating_items",
    "add_ratings",
    "add_responses",
    "add_task",
    "store_given",
]

MAX_ANSWERS = 1_000_000
"""Most answers of one run: rows times epochs."""


@attrs.frozen(kw_only=True)
class ResponseOrder:
    """A response to store, or to generate when it has no messages.

    Attributes:
        experiment_id: Its experiment.
        entry_id: Its row, of the experiment's collection.
        epoch: 1 for the first run over the rows.
        llm_config_id: LLM config to generate with; None for the experiment's.
        messages: The contract's `ResponseMessage` objects; empty asks for generation, unless there is an error.
        error: Why there is no answer, of a response that failed elsewhere.
        metadata: The contract's `GenerationMetadata` of a given response.
    """

    experiment_id: int
    entry_id: int
    epoch: int = 1
    llm_config_id: int | None = None
    messages: Sequence[Mapping[str, Any]] = ()
    metadata: Mapping[str, Any] | None = None
    error: str | None = None

    @property
    def is_given(self) -> bool:
        """Whether there is something to store, and nothing to generate."""
        return bool(self.messages) or self.error is not None


async def add_experiment(
    session: AsyncSession,
    process: Process,
    experiment: Experiment,
    *,
    rating_mode: str,
    n_epochs: int,
    generation_params: Mapping[str, Any] | None,
    only: Collection[int] | None = None,
) -> str:
    """Queue a run over the rows that the experiment's collection has now.

    Rows that are added later are not part of it.

    In a multi-turn experiment each persona of its group takes each row, in the version that is the newest now.

    Args:
        session: The caller's write transaction.
        process: See `add_task`.
        experiment: Its `generation_task_id` is set, and the following parameters are noted on it.
        rating_mode: `fast` or `detailed`.
        n_epochs: Answers per row, 1 to 1000.
        generation_params: The contract's `GenerationParams`; None keeps the experiment's.
        only: Ids of rows of the collection; None for all.

    Returns:
        The task's id.

    Raises:
        DomainError: Rows times epochs, times personas, are more than a run may have.
    """
    personas = [None] if experiment.persona_group_id is None else await _personas(session, experiment)
    rows, last_entry = (
        await session.execute(
            select(func.count(), func.max(Entry.id)).where(
                Entry.collection_id == experiment.collection_id, Entry.deleted_at.is_(None)
            )
        )
    ).one()
    chosen = None if only is None else tuple(sorted(set(only)))
    rows = rows if chosen is None else len(chosen)
    answers = rows * n_epochs * len(personas)
    if answers > MAX_ANSWERS:
        each = "" if experiment.persona_group_id is None else f" with {len(personas)} personas"
        raise DomainError(
            f"{rows} rows in {n_epochs} epochs{each} are {answers} answers, and a run may have "
            f"{MAX_ANSWERS}. Use fewer epochs, or split the collection."
        )
    experiment.rating_mode = rating_mode
    experiment.n_epochs = n_epochs
    if generation_params is not None:
        experiment.generation_params = dict(generation_params)
    task_id = await add_task(
        session, process, experiment.project_id, experiment.id, EXPERIMENT, {"rating_mode": rating_mode}
    )
    rows_to_add = Rows(
        n_epochs=n_epochs,
        personas=tuple(personas),
        last_entry=last_entry or 0,
        answers=answers,
        only=chosen,
    )
    await begin_preparing(session, task_id, [rows_to_add])
    experiment.generation_task_id = task_id
    experiment.has_internal_error = False
    await session.flush()
    return task_id


async def _personas(session: AsyncSession, experiment: Experiment) -> list[int | None]:
    """The newest versions of the personas of the experiment's group, in their order."""
    newest = (
        select(func.max(PersonaVersion.version))
        .where(PersonaVersion.persona_id == PersonaGroupMember.persona_id)
        .correlate(PersonaGroupMember)
        .scalar_subquery()
    )
    found = await session.scalars(
        select(PersonaVersion.id)
        .join(PersonaGroupMember, PersonaGroupMember.persona_id == PersonaVersion.persona_id)
        .where(
            PersonaGroupMember.persona_group_id == experiment.persona_group_id,
            PersonaVersion.version == newest,
        )
        .order_by(PersonaGroupMember.position)
    )
    return list(found)


async def add_responses(
    session: AsyncSession, process: Process, project_id: int, orders: Sequence[ResponseOrder]
) -> str | None:
    """Store the given responses now and queue the others; the task's id, or None when there are none at all.

    When nothing has to be generated, the task is there and over, so that waiting for it ends at once.

    Args:
        session: The caller's write transaction.
        process: See `add_task`.
        project_id: The project.
        orders: Checked by the caller: experiments, rows and LLM configs exist and belong together.
    """
    if not orders:
        return None
    experiments = {order.experiment_id for order in orders}
    only = next(iter(experiments)) if len(experiments) == 1 else None
    task_id = await add_task(session, process, project_id, only, RESPONSES, {})
    given = [order for order in orders if order.is_given]
    await store_given(session, given)
    to_generate = [
        {
            "task_id": task_id,
            "entry_id": order.entry_id,
            "epoch": order.epoch,
            "ordinal": ordinal,
            "payload": {"experiment_id": order.experiment_id, "llm_config_id": order.llm_config_id},
        }
        for ordinal, order in enumerate(orders)
        if not order.is_given
    ]
    for chunk in chunks(to_generate):
        await session.execute(insert(WorkItem), chunk)
    if not to_generate:
        await _end(session, task_id)
        session.add(LogLine(task_id=task_id, line=f"Stored {len(given)} responses"))
    await session.flush()
    return task_id


async def add_ratings(
    session: AsyncSession, process: Process, project_id: int, response_ids: Sequence[int], *, rating_mode: str
) -> str | None:
    """Queue the rating of responses, which replaces their ratings; the task's id, or None when there are none.

    Args:
        session: The caller's write transaction.
        process: See `add_task`.
        project_id: The project.
        response_ids: In the order of rating. Checked by the caller: they exist and have criteria.
        rating_mode: `fast` or `detailed`.
    """
    if not response_ids:
        return None
    experiments: set[int] = set()
    for chunk in chunks(list(dict.fromkeys(response_ids))):
        experiments.update(
            await session.scalars(select(Response.experiment_id).where(Response.id.in_(chunk)).distinct())
        )
    only = next(iter(experiments)) if len(experiments) == 1 else None
    await judge_anew(session, response_ids)
    task_id = await add_task(session, process, project_id, only, RATINGS, {"rating_mode": rating_mode})
    await add_rating_items(session, task_id, response_ids)
    return task_id


async def add_done_ratings(
    session: AsyncSession, process: Process, project_id: int, response_ids: Sequence[int]
) -> None:
    """Items for responses that no task has brought, in a task that is over: where it is kept why they lack verdicts.

    Args:
        session: The caller's write transaction.
        process: See `add_task`.
        project_id: The project.
        response_ids: The responses.
    """
    if not response_ids:
        return
    task_id = await add_task(session, process, project_id, None, RATINGS, {})
    await add_rating_items(session, task_id, response_ids)
    await session.execute(update(WorkItem).where(WorkItem.task_id == task_id).values(state=DONE))
    await _end(session, task_id)
    await session.flush()


async def _end(session: AsyncSession, task_id: str) -> None:
    """A task in which nothing is left to do."""
    task = await session.get_one(Task, task_id)
    now = utc_now()
    task.status, task.started_at, task.finished_at = "SUCCESS", now, now
    task.lease_owner = task.lease_expires_at = None


async def add_rating_items(session: AsyncSession, task_id: str, response_ids: Sequence[int]) -> int:
    """Give a task responses to rate, in the order given, each once, after those that it has; how many."""
    last = await session.scalar(select(func.max(WorkItem.ordinal)).where(WorkItem.task_id == task_id))
    rows: dict[int, tuple[int, int]] = {}
    for chunk in chunks(list(dict.fromkeys(response_ids))):
        found = await session.execute(
            select(Response.id, Response.entry_id, Response.epoch).where(Response.id.in_(chunk))
        )
        rows.update({row.id: (row.entry_id, row.epoch) for row in found})
    items = [
        {
            "task_id": task_id,
            "entry_id": rows[response_id][0],
            "epoch": rows[response_id][1],
            "ordinal": ordinal,
            "response_id": response_id,
            "state": ANSWERED,
        }
        for ordinal, response_id in enumerate(dict.fromkeys(response_ids), 0 if last is None else last + 1)
        if response_id in rows
    ]
    for chunk_of_items in chunks(items):
        await session.execute(insert(WorkItem), chunk_of_items)
    return len(items)


async def add_task(
    session: AsyncSession,
    process: Process,
    project_id: int,
    experiment_id: int | None,
    kind: TaskKind,
    payload: dict[str, Any],
) -> str:
    """A new task without work items; its id.

    Args:
        session: The caller's write transaction; the task is there when it commits. `Executor.wake` comes after that.
        process: The one that was asked: `Executor.process`.
        project_id: The project.
        experiment_id: The experiment that it is about, if it is about one.
        kind: What is to be done.
        payload: What the whole of it needs to know.
    """
    task = Task(
        id=uuid.uuid4().hex,
        project_id=project_id,
        experiment_id=experiment_id,
        kind=kind,
        payload={**payload, **asked_within()},
        # The process that was asked runs it, because its models are the ones the user configured. Those of one
        # deployment are configured alike, and do a part of it; others take over only when it is gone.
        lease_owner=process.name if process.works else None,
        lease_expires_at=expiry() if process.works else None,
        is_open=process.shares,
    )
    session.add(task)
    await session.flush()
    return task.id


async def store_given(session: AsyncSession, orders: Sequence[ResponseOrder]) -> list[int]:
    """Store responses that came from elsewhere, with their prompts; their ids, in the order of the request."""
    responses: dict[int, Response] = {}
    by_experiment: dict[int, list[tuple[int, ResponseOrder]]] = defaultdict(list)
    for place, order in enumerate(orders):
        by_experiment[order.experiment_id].append((place, order))
    for experiment_id, placed in sorted(by_experiment.items()):
        plan = await load_plan(session, experiment_id)
        if plan is None:
            raise DomainError(f"Experiment {experiment_id} was deleted.")
        for chunk in chunks(placed):
            prompts = await _prompts(session, plan, sorted({order.entry_id for _, order in chunk}))
            for place, order in chunk:
                responses[place] = _response_of(plan, order, prompts[order.entry_id].id)
    session.add_all(responses[place] for place in range(len(orders)))
    await session.flush()
    return [responses[place].id for place in range(len(orders))]


async def _prompts(session: AsyncSession, plan: Plan, entry_ids: Sequence[int]) -> dict[int, Prompt]:
    """The rows' prompts; those that are new are stored."""
    stored = await session.scalars(
        select(Prompt).where(Prompt.experiment_id == plan.experiment_id, Prompt.entry_id.in_(entry_ids))
    )
    prompts = {prompt.entry_id: prompt for prompt in stored}
    new = [entry_id for entry_id in entry_ids if entry_id not in prompts]
    for entry in await session.scalars(select(Entry).where(Entry.id.in_(new)).order_by(Entry.id)):
        prompts[entry.id] = Prompt(**prompt_row(plan, subject_of(plan, entry, None)))
        session.add(prompts[entry.id])
    await session.flush()
    return prompts


def _response_of(plan: Plan, order: ResponseOrder, prompt_id: int) -> Response:
    metadata = dict(order.metadata) if order.metadata is not None else None
    told = metadata or {}
    config = told.get("llm_model_config") or {}
    prices = {
        f"{side}_price_per_mtok": config.get(f"{side}_price_per_mtok")
        if told.get(f"estimated_{side}_cost_usd") is None
        else price_of_tokens(told[f"estimated_{side}_cost_usd"], told.get(f"{side}_tokens"))
        for side in ("input", "output")
    }
    return Response(
        experiment_id=plan.experiment_id,
        prompt_id=prompt_id,
        entry_id=order.entry_id,
        epoch=order.epoch,
        messages=[dict(message) for message in order.messages],
        generation_metadata=metadata,
        llm_model_name=config.get("llm_model_name"),
        **prices,
        **{
            name: told.get(name)
            for name in (
                "duration_seconds",
                "input_tokens",
                "output_tokens",
                "reasoning_tokens",
            )
        },
        judged_as_of=plan.run_asked_at,
        error=order.error,
        flaw=None if order.error is not None else flaw_of(order.messages, told.get("finish_reason")),
    )
