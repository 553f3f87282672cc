"""Criterion sets, the criteria in them, and the templates they are linked to."""

from elluminate_api.models import CreateCriterionSetRequest
from sqlalchemy import select, update

from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import NotFound
from elluminate_server.reading.finding import find_criterion_set, find_prompt_template, see_criterion_set
from elluminate_server.reading.loading import load_criterion_set, load_criterion_sets, show_criterion_set
from elluminate_server.store.tables import Criterion, CriterionSet, Experiment, Label, PromptTemplate, Rating
from elluminate_server.writing.criteria import add_criterion_set, checked_criteria
from elluminate_server.writing.deleting import hide_or_delete
from elluminate_server.writing.naming import of_project


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
    wanted = await checked_criteria(request.criteria or [])
    async with call.write(is_short=True) as session:
        row = await add_criterion_set(session, call.project_id, request.name, wanted)
        return call.answer(await load_criterion_set(session, row.id))


@operation("get_criterion_set")
async def get_criterion_set(call: Call) -> Answer:
    """A set with its criteria and linked templates."""
    async with call.read() as session:
        row = await see_criterion_set(session, call.project_id, call.path["criterion_set_id"])
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
            select(Label.id)
            .join(Criterion, Criterion.id == Label.criterion_id)
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
