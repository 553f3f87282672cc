"""Criteria of a set: added, and taken out where ratings or labels refer to them."""

import asyncio
from collections.abc import Sequence
from typing import Any

import attrs
import msgspec
from elluminate_api.models import Check, CriterionIn, EvaluationMode
from msgspec import UNSET, UnsetType
from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.checks.facts import RuleError
from elluminate_server.domain.checks.rules import checked_rule
from elluminate_server.domain.criteria import default_label
from elluminate_server.http.problems import Conflict, Invalid, quoted
from elluminate_server.reading.loading import (
    current_criteria,
)
from elluminate_server.store.columns import utc_now
from elluminate_server.store.states import EXPERIMENT
from elluminate_server.store.tables import Criterion, CriterionSet, Experiment, Label, Rating, Task
from elluminate_server.writing.naming import refuse_taken

__all__ = [
    "WantedCriterion",
    "add_criteria",
    "add_criterion_set",
    "change_criterion",
    "checked_criteria",
    "freezes_criteria",
    "judged_criteria",
    "of_row",
    "rule_of",
    "take_out",
]


@attrs.frozen
class WantedCriterion:
    """A criterion to add.

    Attributes:
        text: The question, or the sentence that says what a rule checks.
        label: Its label; None has it numbered.
        rule: What decides it; None where a judge does.
    """

    text: str
    label: str | None = None
    rule: dict[str, Any] | None = None


async def checked_criteria(given: Sequence[CriterionIn]) -> list[WantedCriterion]:
    """Criteria of a request, their rules ready to be stored.

    Raises:
        Invalid: A rule cannot be used. Names its place, and what is wrong.
    """
    return [
        WantedCriterion(
            each.criterion_str, each.label, await rule_of(each.check, f"$.criteria[{place}].check")
        )
        for place, each in enumerate(given)
    ]


async def rule_of(check: Check | UnsetType, where: str) -> dict[str, Any] | None:
    """A rule as it is stored; None where none is given.

    Raises:
        Invalid: It cannot be used.
    """
    if check is UNSET:
        return None
    given = msgspec.to_builtins(check)
    try:
        if given["type"] == "json_schema":  # looking through a large one takes a second
            return await asyncio.to_thread(checked_rule, given)
        return checked_rule(given)
    except RuleError as error:
        raise Invalid(f"{where}.{error.field}: {error.problem}.") from None


async def add_criterion_set(
    session: AsyncSession, project_id: int, name: str, wanted: Sequence[WantedCriterion]
) -> CriterionSet:
    """A set with its first criteria, in one step.

    Raises:
        Taken: The project has a set of that name.
    """
    await refuse_taken(session, project_id, CriterionSet, "a criterion set", name)
    row = CriterionSet(project_id=project_id, name=name)
    session.add(row)
    await session.flush()
    await add_criteria(session, row.id, wanted)
    return row


async def add_criteria(
    session: AsyncSession,
    criterion_set_id: int,
    wanted: Sequence[WantedCriterion],
    *,
    entry_id: int | None = None,
) -> list[Criterion]:
    """Add criteria to a set. A text that it holds already, for the same rows, is not stored again.

    Args:
        session: Where to write.
        criterion_set_id: The set.
        wanted: What to add.
        entry_id: The only row that they are for; None for all rows.

    Returns:
        For each wanted one its criterion, created or present, in the order of the request.

    Raises:
        Conflict: The set holds one with that text which is decided in another way.
    """
    present = await current_criteria(session, criterion_set_id)
    by_text = {criterion.criterion_str: criterion for criterion in present if criterion.entry_id == entry_id}
    highest = await session.scalar(
        select(func.max(Criterion.position)).where(Criterion.criterion_set_id == criterion_set_id)
    )
    position = 0 if highest is None else highest + 1
    count = len(present)
    for criterion in wanted:
        there = by_text.get(criterion.text)
        if there is None:
            count += 1
            by_text[criterion.text] = Criterion(
                criterion_set_id=criterion_set_id,
                entry_id=entry_id,
                criterion_str=criterion.text,
                label=criterion.label or default_label(count),
                rule=criterion.rule,
                position=position,
            )
            session.add(by_text[criterion.text])
            position += 1
        elif there.rule != criterion.rule:
            raise Conflict(
                f"The set holds a criterion with the text {quoted(criterion.text)} already, which is decided in "
                "another way. Give this one another text."
            )
    await session.flush()
    return [by_text[criterion.text] for criterion in wanted]


def of_row(criteria: Sequence[Criterion], entry_id: int | None) -> list[Criterion]:
    """The criteria of one row; those of all rows without one."""
    return [criterion for criterion in criteria if criterion.entry_id == entry_id]


async def change_criterion(
    session: AsyncSession, row: Criterion, *, text: str, label: str, rule: dict[str, Any] | None
) -> Criterion:
    """Give a criterion another text, label or rule.

    Args:
        session: The caller's write transaction.
        row: One that no edit has replaced.
        text: The question, or the sentence that says what the rule checks.
        label: Its label.
        rule: Another rule; None leaves it as it is.

    Returns:
        The same, or its new version where it is rated or frozen and is decided in another way now.

    Raises:
        Invalid: A judge decides it, and it was to have a rule.
        Conflict: The set holds another one with that text.
    """
    if rule is not None and row.rule is None:
        raise Invalid("$.check: a judge decides this criterion. Add a criterion with a check instead.")
    rule = rule or row.rule
    if text != row.criterion_str:
        for other in of_row(await current_criteria(session, row.criterion_set_id), row.entry_id):
            if other.criterion_str == text:
                raise Conflict(
                    f"The set holds another criterion with the text {quoted(text)} (id {other.id})."
                )
    if (text, rule) != (row.criterion_str, row.rule) and (
        await judged_criteria(session, [row.id]) or await freezes_criteria(session, row.criterion_set_id)
    ):
        row.superseded_at = utc_now()
        row = Criterion(
            criterion_set_id=row.criterion_set_id,
            entry_id=row.entry_id,
            criterion_str=text,
            label=label,
            rule=rule,
            position=row.position,
        )
        session.add(row)
    row.criterion_str, row.label, row.rule = text, label, rule
    await session.flush()
    return row


async def freezes_criteria(session: AsyncSession, criterion_set_id: int) -> bool:
    """Whether an experiment is held to the set's criteria as they are: it was run, or uploads name their ids."""
    was_run = exists().where(Task.experiment_id == Experiment.id, Task.kind == EXPERIMENT)
    return bool(
        await session.scalar(
            select(Experiment.id)
            .where(
                Experiment.criterion_set_id == criterion_set_id,
                or_(Experiment.evaluation_mode == EvaluationMode.AGENTIC.value, was_run),
            )
            .limit(1)
        )
    )


async def judged_criteria(session: AsyncSession, ids: Sequence[int]) -> set[int]:
    """Those of the criteria by which somebody has judged something: a judge (ratings), or a person (labels)."""
    found: set[int] = set()
    for table in (Rating, Label):
        wanted = select(table.criterion_id).where(table.criterion_id.in_(ids)).distinct()
        found.update(await session.scalars(wanted))
    return found


async def take_out(session: AsyncSession, criteria: Sequence[Criterion]) -> None:
    """Take criteria out of their set.

    Those with ratings or labels, and those that an experiment is held to, are hidden; the others are deleted.
    """
    if not criteria:
        return
    frozen = {
        set_id
        for set_id in {criterion.criterion_set_id for criterion in criteria}
        if await freezes_criteria(session, set_id)
    }
    judged = await judged_criteria(session, [criterion.id for criterion in criteria])
    now = utc_now()
    for criterion in criteria:
        if criterion.id in judged or criterion.criterion_set_id in frozen:
            criterion.superseded_at = criterion.deleted_at = now
        else:
            await session.delete(criterion)
    await session.flush()
