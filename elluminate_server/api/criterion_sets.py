"""Criterion sets, the criteria in them, and the templates they are linked to."""

from collections.abc import Sequence

from elluminate_api.models import CreateCriterionSetRequest, CriterionIn
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.api.deleting import hide_or_delete
from elluminate_server.api.finding import find_criterion_set, find_prompt_template
from elluminate_server.api.http import Answer, Call, operation
from elluminate_server.api.loading import (
    current_criteria,
    load_criterion_set,
    load_criterion_sets,
    show_criterion_set,
)
from elluminate_server.api.naming import of_project, refuse_taken
from elluminate_server.api.pages import page_of, paged
from elluminate_server.api.problems import NotFound
from elluminate_server.domain.criteria import default_label
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import Criterion, CriterionSet, Experiment, PromptTemplate, Rating

__all__ = ["add_criteria", "take_out"]


@operation("list_criterion_sets")
async def list_criterion_sets(call: Call) -> Answer:
    """In order of creation."""
    live = of_project(CriterionSet, call.project_id, call.query["name"])
    async with call.read() as session:
        rows, count = await page_of(call, session, live, CriterionSet.id)
        loaded = await load_criterion_sets(session, [row.id for row in rows])
    return call.answer(paged([loaded[row.id] for row in rows], count))


@operation("create_criterion_set")
async def create_criterion_set(call: Call) -> Answer:
    """A set with its first criteria, in one step."""
    request = call.decode(CreateCriterionSetRequest)
    async with call.write() as session:
        await refuse_taken(session, call.project_id, CriterionSet, "a criterion set", request.name)
        row = CriterionSet(project_id=call.project_id, name=request.name)
        session.add(row)
        await session.flush()
        await add_criteria(session, row.id, request.criteria or [])
        return call.answer(await load_criterion_set(session, row.id))


@operation("get_criterion_set")
async def get_criterion_set(call: Call) -> Answer:
    """A set with its criteria and linked templates."""
    async with call.read() as session:
        row = await find_criterion_set(session, call.project_id, call.path["criterion_set_id"])
        return call.answer(await show_criterion_set(session, row))


@operation("delete_criterion_set")
async def delete_criterion_set(call: Call) -> Answer:
    """Hide a set that experiments refer to, delete any other with its criteria."""
    async with call.write() as session:
        row = await find_criterion_set(session, call.project_id, call.path["criterion_set_id"])
        await session.execute(
            update(PromptTemplate)
            .where(PromptTemplate.criterion_set_id == row.id)
            .values(criterion_set_id=None)
            .execution_options(synchronize_session=False)
        )
        await hide_or_delete(
            session,
            row,
            select(Experiment.id).where(Experiment.criterion_set_id == row.id),
            select(Rating.id)
            .join(Criterion, Criterion.id == Rating.criterion_id)
            .where(Criterion.criterion_set_id == row.id),
        )
        return call.answer()


@operation("link_prompt_template")
async def link_prompt_template(call: Call) -> Answer:
    """Make the set the one that experiments with the template use; replaces an earlier link."""
    async with call.write() as session:
        row = await find_criterion_set(session, call.project_id, call.path["criterion_set_id"])
        template = await find_prompt_template(session, call.project_id, call.path["prompt_template_id"])
        template.criterion_set_id = row.id
        await session.flush()
        return call.answer(await load_criterion_set(session, row.id))


@operation("unlink_prompt_template")
async def unlink_prompt_template(call: Call) -> Answer:
    """End the link; both stay."""
    async with call.write() as session:
        row = await find_criterion_set(session, call.project_id, call.path["criterion_set_id"])
        template = await find_prompt_template(session, call.project_id, call.path["prompt_template_id"])
        if template.criterion_set_id != row.id:
            problem = NotFound("link", template.id)
            problem.detail = (
                f"Prompt template {template.id} is not linked to criterion set {row.id} ({row.name!r})."
            )
            raise problem
        template.criterion_set_id = None
        return call.answer()


async def add_criteria(
    session: AsyncSession,
    criterion_set_id: int,
    wanted: Sequence[CriterionIn],
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
    """
    present = await current_criteria(session, criterion_set_id)
    by_text = {one.criterion_str: one for one in present if one.entry_id == entry_id}
    highest = await session.scalar(
        select(func.max(Criterion.position)).where(Criterion.criterion_set_id == criterion_set_id)
    )
    position = 0 if highest is None else highest + 1
    count = len(present)
    for one in wanted:
        if one.criterion_str not in by_text:
            count += 1
            by_text[one.criterion_str] = Criterion(
                criterion_set_id=criterion_set_id,
                entry_id=entry_id,
                criterion_str=one.criterion_str,
                label=one.label or default_label(count),
                position=position,
            )
            session.add(by_text[one.criterion_str])
            position += 1
    await session.flush()
    return [by_text[one.criterion_str] for one in wanted]


async def freezes_criteria(session: AsyncSession, criterion_set_id: int) -> bool:
    """Whether an AGENTIC experiment has frozen the set's criteria, whose ids uploads then name."""
    return bool(
        await session.scalar(
            select(Experiment.id)
            .where(Experiment.criterion_set_id == criterion_set_id, Experiment.evaluation_mode == "AGENTIC")
            .limit(1)
        )
    )


async def take_out(session: AsyncSession, criteria: Sequence[Criterion]) -> None:
    """Take criteria out of their set: those with ratings, or frozen for agents, are hidden, the others deleted."""
    if not criteria:
        return
    frozen = {
        set_id
        for set_id in {one.criterion_set_id for one in criteria}
        if await freezes_criteria(session, set_id)
    }
    rated = set(
        await session.scalars(
            select(Rating.criterion_id)
            .where(Rating.criterion_id.in_([one.id for one in criteria]))
            .distinct()
        )
    )
    now = utc_now()
    for criterion in criteria:
        if criterion.id in rated or criterion.criterion_set_id in frozen:
            criterion.superseded_at = criterion.deleted_at = now
        else:
            await session.delete(criterion)
    await session.flush()
