"""A form that makes an experiment and starts it."""

from typing import Any

from elluminate_api.models import CreateExperimentRequest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from elluminate_server.http.problems import Invalid
from elluminate_server.pages.visits import Visit, form, page
from elluminate_server.store.tables import (
    Collection,
    Criterion,
    CriterionSet,
    Experiment,
    LLMConfig,
    PromptTemplate,
)
from elluminate_server.writing.demonstrating import DEMO_ANSWERS, add_demo, is_offline
from elluminate_server.writing.planned_experiments import add_standard, check_standard, start_if_asked

__all__: list[str] = []

_MOST_CHOICES = 500
_CHOICES = ("template", "collection", "criterion_set", "model")
"""What a link may have chosen already."""
_START = "/projects/{project_id:int}/start"


@page(_START)
async def start(visit: Visit) -> Response:
    """What there is to choose from; the three commands to begin with, where that is nothing."""
    session, project_id = visit.session, visit.project_id
    chosen = {name: visit.asked(name) for name in _CHOICES}
    found = await session.execute(
        select(
            PromptTemplate.id, PromptTemplate.name, PromptTemplate.version, PromptTemplate.criterion_set_id
        )
        .where(PromptTemplate.project_id == project_id, PromptTemplate.deleted_at.is_(None))
        .order_by(PromptTemplate.name, PromptTemplate.version.desc())
        .limit(_MOST_CHOICES)
    )
    templates = found.all()
    linked = {str(row.id): row.criterion_set_id for row in templates}
    has_its_own = linked.get(chosen["template"]) if chosen["template"] else templates and all(linked.values())
    if not chosen["criterion_set"] and not has_its_own:
        chosen["criterion_set"] = str(await _newest_set(session, project_id) or "")
    return visit.show(
        "start.html",
        place="start",
        templates=[(row.id, f"{row.name} v{row.version}") for row in templates],
        collections=await _choices(visit, Collection, Collection.is_scenario_set.is_(False)),
        sets=await _choices(visit, CriterionSet),
        models=await _choices(visit, LLMConfig),
        chosen=chosen,
        answers=DEMO_ANSWERS,
        is_offline=is_offline(visit.models),
    )


async def _newest_set(session: AsyncSession, project_id: int) -> int | None:
    """The newest criterion set that judges all rows by something."""
    return await session.scalar(
        select(CriterionSet.id)
        .join(Criterion, Criterion.criterion_set_id == CriterionSet.id)
        .where(
            CriterionSet.project_id == project_id,
            CriterionSet.deleted_at.is_(None),
            Criterion.superseded_at.is_(None),
            Criterion.entry_id.is_(None),
        )
        .order_by(CriterionSet.id.desc())
        .limit(1)
    )


async def _choices(visit: Visit, table: Any, *where: Any) -> list[tuple[int, str]]:
    rows = await visit.session.execute(
        select(table.id, table.name)
        .where(table.project_id == visit.project_id, table.deleted_at.is_(None), *where)
        .order_by(table.name)
        .limit(_MOST_CHOICES)
    )
    return [(row.id, row.name) for row in rows]


@form(f"{_START}/demo", does="create_experiment")
async def load_demo(visit: Visit) -> Response:
    """The example of `elluminate view --demo`; where it is, it is shown, and nothing is made again."""
    async with visit.write() as session:
        made = await add_demo(session, visit.project_id, visit.settings, visit.executor.process)
        visit.made = made[-1]
    visit.executor.wake()
    return visit.go_on(f"/projects/{visit.project_id}/experiments")


@form(_START, does="create_experiment")
async def begin(visit: Visit) -> Response:
    """Make it, start it, and show it."""
    epochs = visit.field("epochs") or "1"
    request = visit.wanted(
        CreateExperimentRequest,
        name=visit.field("name").strip(),
        description=visit.text("description"),
        prompt_template_id=_chosen(visit, "template"),
        collection_id=_chosen(visit, "collection"),
        criterion_set_id=_chosen(visit, "criterion_set"),
        llm_config_id=_chosen(visit, "model"),
        n_epochs=int(epochs) if epochs.isascii() and epochs.isdigit() and len(epochs) < 10 else epochs,
        generate=True,
    )
    check_standard(request)
    async with visit.write() as session:
        row = await add_standard(session, visit.project_id, visit.settings, request)
        await _refuse_nothing_to_judge_by(session, row)
        await start_if_asked(session, visit.executor.process, request, row)
        visit.made = row
    visit.executor.wake()
    return visit.go_on(f"/projects/{visit.project_id}/experiments/{row.id}")


async def _refuse_nothing_to_judge_by(session: AsyncSession, row: Experiment) -> None:
    there = select(Criterion.id).where(
        Criterion.criterion_set_id == row.criterion_set_id, Criterion.superseded_at.is_(None)
    )
    if await session.scalar(there.limit(1)) is None:
        raise Invalid(
            "$.criterion_set_id: there is no criterion to judge the answers by. Choose a criterion set that has some. "
            "Nothing was started."
        )


def _chosen(visit: Visit, name: str) -> int | None:
    """The id that was chosen; None where nothing was."""
    return visit.number(name) if visit.field(name) else None
