"""The criteria of an experiment's run: those of the moments by which its answers are judged, whatever its set has now.

What that means is said in `domain.verdicts`; here the database finds them, without looking at every answer.
"""

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from elluminate_api.models import EvaluationMode
from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution.moments import moment_of_response, run_asked_at
from elluminate_server.store.tables import AgentTask, Criterion, Experiment, Rating, Response

__all__ = ["MOST_COLUMNS", "Column", "columns_of", "is_criterion_of", "is_expected", "what_counts"]

MOST_COLUMNS = 30
"""Criteria that are shown; rows may have thousands of their own."""


@attrs.frozen
class Column:
    """A criterion.

    Attributes:
        id: Its id.
        text: Its wording.
        label: Its short name.
    """

    id: int
    text: str
    label: str


async def columns_of(session: AsyncSession, row: Experiment, judged_by: Sequence[int]) -> list[Column]:
    """The criteria of an experiment in the order of their set: those that its run has, and those it was judged by.

    At most `MOST_COLUMNS` and one more, which tells that there are further ones.

    Args:
        session: Where to read.
        row: The experiment.
        judged_by: Criteria with verdicts that count.
    """
    wanted = or_(Criterion.id.in_(judged_by), await _of_run(session, row))
    found = await session.execute(
        select(Criterion.id, Criterion.criterion_str, Criterion.label)
        .where(wanted)
        .order_by(Criterion.position, Criterion.id)
        .limit(MOST_COLUMNS + 1)
    )
    return [Column(one.id, one.criterion_str, one.label) for one in found]


async def is_criterion_of(session: AsyncSession, row: Experiment, criterion_id: int) -> bool:
    """Whether an experiment is judged by a criterion, or was by what that said before."""
    given = exists().where(
        Rating.criterion_id == criterion_id,
        Rating.response_id == Response.id,
        Response.experiment_id == row.id,
    )
    found = select(1).where(Criterion.id == criterion_id, or_(given, await _of_run(session, row)))
    return await session.scalar(found) is not None


def is_expected(criterion_id: int) -> ColumnElement[bool]:
    """The condition that a `responses` row is to be judged by a criterion, in a statement that reads such rows."""
    in_set = _is_of_answer(criterion_id)
    # What agents did is judged by what was frozen with the task, which no column tells.
    of_agents = exists().where(
        AgentTask.experiment_id == Response.experiment_id, AgentTask.entry_id == Response.entry_id
    )
    return or_(in_set, of_agents.correlate(Response))


async def what_counts(
    session: AsyncSession, row: Experiment
) -> Callable[[ColumnElement[int]], ColumnElement[bool]] | None:
    """What makes of a verdict's criterion the condition that the verdict counts; None where all of them do.

    Of an experiment whose set was changed since its run, those do not that are on criteria by which their answer is not
    to be judged any more. The condition is for statements that read `responses` rows.
    """
    if row.evaluation_mode == EvaluationMode.AGENTIC:
        return None
    since = await session.scalar(select(run_asked_at(row.id))) or row.created_at
    changed = select(1).where(
        Criterion.criterion_set_id == row.criterion_set_id,
        or_(
            Criterion.superseded_at > row.created_at,
            and_(Criterion.superseded_at.is_(None), Criterion.created_at > since),
        ),
    )
    return None if await session.scalar(changed.limit(1)) is None else _is_of_answer


def _is_of_answer(criterion_id: ColumnElement[int] | int) -> ColumnElement[bool]:
    """The condition that the set of a `responses` row had a criterion for it, at the moment of the answer."""
    for_row = or_(Criterion.entry_id.is_(None), Criterion.entry_id == Response.entry_id)
    found = exists().where(Criterion.id == criterion_id, for_row, _was_in_set(moment_of_response()))
    return found.correlate_except(Criterion)


async def _of_run(session: AsyncSession, row: Experiment) -> ColumnElement[bool]:
    """The condition that a criterion is one of the run's."""
    if row.evaluation_mode == EvaluationMode.AGENTIC:
        frozen = await session.scalars(select(AgentTask.criteria).where(AgentTask.experiment_id == row.id))
        return Criterion.id.in_({one["criterion_id"] for criteria in frozen for one in criteria})
    answers = select(Response.id).where(Response.experiment_id == row.id)
    asked_at = await session.scalar(select(run_asked_at(row.id)))
    conditions: list[ColumnElement[bool]] = []
    if asked_at is not None:
        conditions.append(_was_in_set(asked_at))
    elif await session.scalar(answers.limit(1)) is None:
        conditions.append(Criterion.superseded_at.is_(None))
    # Of what is in the set for long, the first answer tells; a row's own criterion asks for that row's answers alone.
    judged = answers.where(_was_in_set(moment_of_response())).correlate(Criterion)
    conditions.append(and_(Criterion.entry_id.is_(None), judged.exists()))
    conditions.append(judged.where(Response.entry_id == Criterion.entry_id).exists())
    return and_(Criterion.criterion_set_id == row.criterion_set_id, or_(*conditions))


def _was_in_set(moment: Any) -> ColumnElement[bool]:
    """`domain.verdicts.applicable` says the same of criteria that are loaded."""
    return and_(
        Criterion.created_at <= moment,
        or_(Criterion.superseded_at.is_(None), Criterion.superseded_at > moment),
    )
