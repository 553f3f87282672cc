"""What an experiment was to bring and did not: answers that are missing or failed, verdicts that were not reached."""

import datetime
from collections.abc import Sequence
from typing import Any

import attrs
from elluminate_api.models import EvaluationMode
from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.checks.rules import is_for_program
from elluminate_server.execution.leases import TERMINAL
from elluminate_server.execution.moments import moment_of_response
from elluminate_server.store import pieces
from elluminate_server.store.columns import as_stored
from elluminate_server.store.engine import Store
from elluminate_server.store.states import AGENT_EVALUATION, ANSWERED, EXPERIMENT, PENDING
from elluminate_server.store.tables import (
    AgentTask,
    Criterion,
    Entry,
    Experiment,
    Rating,
    Response,
    Task,
    WorkItem,
)

__all__ = [
    "FailedResponse",
    "RowRange",
    "can_generate",
    "failed_in",
    "has_failed",
    "has_gaps",
    "next_rows",
    "unfinished_tasks",
    "unjudged_in",
    "with_notes",
]

UNFINISHED_STATES = (PENDING, ANSWERED)

IN_ROW_ORDER = (Response.entry_id, Response.epoch, Response.persona_version_id, Response.id)
"""As responses are listed, and their index has them."""


@attrs.frozen
class FailedResponse:
    """A response without an answer: what it takes to ask again.

    Attributes:
        id: The response.
        entry_id: Its row.
        epoch: Its epoch.
        prompt_id: The prompt that was asked, or could not be rendered.
        llm_config_id: LLM config that was asked; None for the experiment's, or when none was.
        judged_as_of: The moment whose criteria its answer is to be judged by.
        persona_version_id: Who talked with the model, in a multi-turn experiment.
    """

    id: int
    entry_id: int
    epoch: int
    prompt_id: int
    llm_config_id: int | None
    judged_as_of: datetime.datetime
    persona_version_id: int | None = None


@attrs.frozen
class RowRange:
    """Some of an experiment's rows, in the order of their ids.

    Attributes:
        after: The last row before them; 0 for the first range.
        last: Their last; None for all that are left.
    """

    after: int
    last: int | None

    def holds(self, column: Any) -> ColumnElement[bool]:
        """The condition that a row's id is within the range."""
        beyond: ColumnElement[bool] = column > self.after
        return beyond if self.last is None else and_(beyond, column <= self.last)


def can_generate(experiment: Experiment) -> bool:
    """Whether a model gives its answers: they do not stand in a column, and were not uploaded."""
    return (
        experiment.response_column_id is None
        and experiment.evaluation_mode != EvaluationMode.AGENTIC
        and not experiment.answers_from_elsewhere
    )


async def has_gaps(store: Store, experiment: Experiment) -> bool:
    """Whether anything is missing that `requeueing` would bring.

    Reads bit by bit: a large experiment takes a while, in which others go on.
    """
    async with store.read() as session:
        if await unfinished_tasks(session, experiment.id):
            return True
    after: int | None = 0
    while after is not None:
        async with store.read() as session:
            rows = await next_rows(session, experiment.id, after, pieces.FIRST_SIZE)
            if can_generate(experiment) and await failed_in(session, experiment.id, rows):
                return True
            if await unjudged_in(session, experiment, rows):
                return True
        after = rows.last
    return False


async def unfinished_tasks(session: AsyncSession, experiment_id: int) -> list[Task]:
    """The experiment's tasks that ended before all of their work was done, oldest first.

    Work for rows that were deleted since does not count: nobody asks for it any more.
    """
    left = (
        select(WorkItem.id)
        .join(Entry, Entry.id == WorkItem.entry_id)
        .where(WorkItem.task_id == Task.id, WorkItem.state.in_(UNFINISHED_STATES), Entry.deleted_at.is_(None))
    )
    found = await session.execute(
        select(Task, left.exists())
        .where(
            Task.experiment_id == experiment_id,
            Task.kind.in_((EXPERIMENT, AGENT_EVALUATION)),
            Task.status.in_(TERMINAL),
        )
        .order_by(Task.created_at, Task.id)
    )
    return [task for task, has_items in found if has_items or task.payload.get("steps")]


async def next_rows(session: AsyncSession, experiment_id: int, after: int, size: int) -> RowRange:
    """The next rows of the experiment that have about `size` responses together; at least one row."""
    last = await session.scalar(
        select(Response.entry_id)
        .where(Response.experiment_id == experiment_id, Response.entry_id > after)
        .order_by(*IN_ROW_ORDER)
        .offset(size)
        .limit(1)
    )
    return RowRange(after, last)


async def has_failed(session: AsyncSession, experiment_id: int) -> bool:
    """Whether one of the experiment's responses failed."""
    failed = select(Response.id).where(Response.experiment_id == experiment_id, Response.error.is_not(None))
    return await session.scalar(failed.limit(1)) is not None


async def failed_in(session: AsyncSession, experiment_id: int, rows: RowRange) -> list[FailedResponse]:
    """The failed responses to these rows, in their order. Those to rows that were deleted stay as they are."""
    found = await session.execute(
        select(
            Response.id,
            Response.entry_id,
            Response.epoch,
            Response.prompt_id,
            Response.generation_metadata,
            moment_of_response(),
            Response.persona_version_id,
        )
        .join(Entry, Entry.id == Response.entry_id)
        .where(
            Response.experiment_id == experiment_id,
            rows.holds(Response.entry_id),
            Response.error.is_not(None),
            Entry.deleted_at.is_(None),
        )
        .order_by(Response.entry_id, Response.epoch, Response.id)
    )
    return [
        FailedResponse(row[0], row[1], row[2], row[3], _config_id(row[4]), row[5], row[6]) for row in found
    ]


def _config_id(metadata: dict[str, Any] | None) -> int | None:
    config = (metadata or {}).get("llm_model_config") or {}
    found = config.get("id")
    return found if isinstance(found, int) else None


async def unjudged_in(session: AsyncSession, experiment: Experiment, rows: RowRange) -> list[int]:
    """Ids of the answers to these rows that lack a verdict on a criterion of the experiment, in the order of the rows.

    By which criteria an answer is to be judged is said in `domain.verdicts`. What the caller's program decides is none
    of the server's gaps.
    """
    if experiment.evaluation_mode == EvaluationMode.AGENTIC:
        return await _unjudged_trials(session, experiment.id, rows)
    moment = moment_of_response()
    rules = await session.execute(
        select(Criterion.id, Criterion.rule).where(
            Criterion.criterion_set_id == experiment.criterion_set_id, Criterion.rule.is_not(None)
        )
    )
    of_programs = [criterion_id for criterion_id, rule in rules if is_for_program(rule)]
    given = (
        select(Rating.id)
        .where(Rating.response_id == Response.id, Rating.criterion_id == Criterion.id)
        .correlate(Response, Criterion)
    )
    lacking = (
        select(Criterion.id)
        .where(
            Criterion.criterion_set_id == experiment.criterion_set_id,
            Criterion.id.not_in(of_programs),
            or_(Criterion.entry_id.is_(None), Criterion.entry_id == Response.entry_id),
            Criterion.created_at <= moment,
            or_(Criterion.superseded_at.is_(None), Criterion.superseded_at > moment),
            ~given.exists(),
        )
        .correlate(Response)
    )
    found = await session.scalars(
        select(Response.id).where(*_answers_to(experiment.id, rows), lacking.exists()).order_by(*IN_ROW_ORDER)
    )
    return list(found)


async def _unjudged_trials(session: AsyncSession, experiment_id: int, rows: RowRange) -> list[int]:
    frozen = await session.execute(
        select(AgentTask.entry_id, AgentTask.criteria).where(
            AgentTask.experiment_id == experiment_id, rows.holds(AgentTask.entry_id)
        )
    )
    wanted = {entry_id: {each["criterion_id"] for each in criteria} for entry_id, criteria in frozen}
    found = await session.execute(
        select(Response.id, Response.entry_id, Response.trajectory.is_not(None), as_stored(Response.messages))
        .where(*_answers_to(experiment_id, rows))
        .order_by(*IN_ROW_ORDER)
    )
    missing = {
        response_id: set(wanted.get(entry_id, ()))
        for response_id, entry_id, has_trajectory, messages in found
        if has_trajectory or bytes(messages) != b"[]"  # else there is nothing to judge
    }
    given = await session.execute(
        select(Rating.response_id, Rating.criterion_id)
        .join(Response, Response.id == Rating.response_id)
        .where(Response.experiment_id == experiment_id, rows.holds(Response.entry_id))
    )
    for response_id, criterion_id in given:
        missing.get(response_id, set()).discard(criterion_id)
    return [response_id for response_id, criteria in missing.items() if criteria]


def _answers_to(experiment_id: int, rows: RowRange) -> tuple[ColumnElement[bool], ...]:
    """The conditions that a response is an answer to one of the rows."""
    return (
        Response.experiment_id == experiment_id,
        rows.holds(Response.entry_id),
        Response.error.is_(None),
    )


async def with_notes(session: AsyncSession, experiment_id: int) -> Sequence[int]:
    """Failed responses that a person annotated or rated: no judge rates a failed response."""
    rated = exists().where(Rating.response_id == Response.id)
    found = await session.scalars(
        select(Response.id)
        .where(
            Response.experiment_id == experiment_id,
            Response.error.is_not(None),
            or_(Response.annotation != "", rated),
        )
        .order_by(Response.id)
    )
    return found.all()
