"""Criterion sets: their criteria, one added or changed."""

from typing import Any

from elluminate_api.models import CreateCriteriaRequest, EditCriterionRequest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from elluminate_server.domain.checks.words import rule_in_words
from elluminate_server.http.problems import Conflict, quoted
from elluminate_server.pages.paging import Paging
from elluminate_server.pages.visits import Visit, form, page
from elluminate_server.reading.finding import (
    find_criterion_set,
    find_current_criterion,
    see_criterion,
    see_criterion_set,
)
from elluminate_server.reading.loading import current_criteria
from elluminate_server.store.tables import Criterion, CriterionSet, Experiment, PromptTemplate
from elluminate_server.writing.criteria import add_criteria, change_criterion, checked_criteria
from elluminate_server.writing.naming import of_project

__all__: list[str] = []

_SIZE = 25
_MOST_EXPERIMENTS = 50
_SET = "/projects/{project_id:int}/criterion-sets/{criterion_set_id:int}"
_CRITERION = "/projects/{project_id:int}/criteria/{criterion_id:int}"


@page("/projects/{project_id:int}/criterion-sets")
async def criterion_sets(visit: Visit) -> Response:
    """By name."""
    session = visit.session
    query = of_project(CriterionSet, visit.project_id)
    if visit.asked("q"):
        query = query.where(CriterionSet.name.icontains(visit.asked("q"), autoescape=True))
    count = await session.scalar(query.with_only_columns(func.count())) or 0
    paging = Paging(visit.asked_number("page", 1), _SIZE, count)
    ordered = query.order_by(CriterionSet.name, CriterionSet.id).limit(_SIZE).offset(paging.offset)
    found = (await session.scalars(ordered)).all()
    ids = [one.id for one in found]
    return visit.show(
        "criterion_sets.html",
        place="criterion-sets",
        sets=found,
        criteria=await _counts(visit, Criterion.criterion_set_id, Criterion.superseded_at.is_(None), ids=ids),
        templates=await _counts(
            visit, PromptTemplate.criterion_set_id, PromptTemplate.deleted_at.is_(None), ids=ids
        ),
        paging=paging,
    )


async def _counts(visit: Visit, column: Any, *where: Any, ids: list[int]) -> dict[int, int]:
    rows = await visit.session.execute(
        select(column, func.count()).where(column.in_(ids), *where).group_by(column)
    )
    return {row[0]: row[1] for row in rows}


@page(_SET)
async def criterion_set(visit: Visit) -> Response:
    """One set with its criteria, and who uses it."""
    session = visit.session
    row = await see_criterion_set(session, visit.project_id, visit.path["criterion_set_id"])
    templates = of_project(PromptTemplate, visit.project_id).where(PromptTemplate.criterion_set_id == row.id)
    used = of_project(Experiment, visit.project_id).where(Experiment.criterion_set_id == row.id)
    return visit.show(
        "criterion_set.html",
        place="criterion-sets",
        set=row,
        criteria=[(one, _decided_by(one)) for one in await current_criteria(session, row.id)],
        templates=(await session.scalars(templates.order_by(PromptTemplate.id.desc()).limit(200))).all(),
        experiments=(
            await session.scalars(used.order_by(Experiment.id.desc()).limit(_MOST_EXPERIMENTS))
        ).all(),
    )


@form(_SET + "/criteria", does="create_criteria")
async def add(visit: Visit) -> Response:
    """A criterion for all rows, which a judge decides."""
    set_id = visit.path["criterion_set_id"]
    given = {"criterion_str": visit.text("text").strip(), "label": visit.field("label").strip() or None}
    request = visit.wanted(CreateCriteriaRequest, criteria=[given], criterion_set_id=set_id)
    wanted = await checked_criteria(request.criteria or [])
    async with visit.write() as session:
        row = await find_criterion_set(session, visit.project_id, set_id)
        (visit.made,) = await add_criteria(session, row.id, wanted)
    return visit.go_on(f"/projects/{visit.project_id}/criterion-sets/{set_id}")


@page(_CRITERION)
async def criterion(visit: Visit) -> Response:
    """One criterion, with the form that changes it."""
    row = await see_criterion(visit.session, visit.project_id, visit.path["criterion_id"])
    return visit.show(
        "criterion.html",
        place="criterion-sets",
        criterion=row,
        newest=await _newest(visit.session, row),
        decided_by=_decided_by(row),
        set=await see_criterion_set(visit.session, visit.project_id, row.criterion_set_id),
    )


@form(_CRITERION, does="update_criterion")
async def change(visit: Visit) -> Response:
    """Other words for a criterion: a new version, where answers were judged by the old ones."""
    text, label = visit.text("text").strip(), visit.field("label").strip()
    request = visit.wanted(EditCriterionRequest, criterion_str=text, label=label)
    async with visit.write() as session:
        await _refuse_earlier_version(session, visit)
        row = await find_current_criterion(session, visit.project_id, visit.path["criterion_id"])
        await change_criterion(
            session, row, text=str(request.criterion_str), label=label or row.label, rule=None
        )
        set_id = row.criterion_set_id
    return visit.go_on(f"/projects/{visit.project_id}/criterion-sets/{set_id}")


async def _refuse_earlier_version(session: AsyncSession, visit: Visit) -> None:
    """Refuse to change what was changed since the form was made: two people would not see each other's words."""
    row = await see_criterion(session, visit.project_id, visit.path["criterion_id"])
    if row.superseded_at is None:
        return
    newest = await _newest(session, row)
    now = "" if newest is None else f" to {quoted(newest.criterion_str, 400)}"
    raise Conflict(
        f"Meanwhile it was changed{now}. Nothing was stored: store yours in the newest version, if it is to take the "
        "place of that."
    )


async def _newest(session: AsyncSession, row: Criterion) -> Criterion | None:
    """What a criterion was edited into, which has its place in the set; None where it was taken out since."""
    found = select(Criterion).where(
        Criterion.criterion_set_id == row.criterion_set_id,
        Criterion.position == row.position,
        Criterion.superseded_at.is_(None),
    )
    return await session.scalar(found)


def _decided_by(row: Criterion) -> str | None:
    """The rule in words; None where a judge decides."""
    return None if row.rule is None else rule_in_words(row.rule)
