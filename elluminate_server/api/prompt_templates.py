"""Prompt templates: immutable versions under a name."""

from elluminate_api.models import CreatePromptTemplateRequest
from sqlalchemy import select

from elluminate_server.domain.compatibility import missing_columns
from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.reading.finding import find_prompt_template, see_collection, see_prompt_template
from elluminate_server.reading.loading import columns_of
from elluminate_server.reading.presenting import present_prompt_template
from elluminate_server.store.tables import Experiment, Prompt, PromptTemplate
from elluminate_server.writing.deleting import hide_or_delete
from elluminate_server.writing.naming import of_project
from elluminate_server.writing.prompt_templates import add_prompt_template, checked_template


@operation("list_prompt_templates")
async def list_prompt_templates(call: Call) -> Answer:
    """Versions, newest first."""
    asked = call.query
    live = of_project(PromptTemplate, call.project_id, asked["name"])
    if asked["version"] is not None:
        live = live.where(PromptTemplate.version == asked["version"])
    if asked["search"]:
        live = live.where(PromptTemplate.name.icontains(asked["search"], autoescape=True))
    if asked["criterion_set_id"] is not None:
        live = live.where(PromptTemplate.criterion_set_id == asked["criterion_set_id"])
    async with call.read() as session:
        if asked["compatible_collection_id"] is not None:
            collection = await see_collection(session, call.project_id, asked["compatible_collection_id"])
            names = [column.name for column in await columns_of(session, collection.id)]
            fitting = [
                row.id for row in await session.scalars(live) if not missing_columns(row.placeholders, names)
            ]
            live = live.where(PromptTemplate.id.in_(fitting))
        rows, count = await page_of(call, session, live, PromptTemplate.id.desc())
    return call.answer(paged([present_prompt_template(row) for row in rows], count))


@operation("create_prompt_template")
async def create_prompt_template(call: Call) -> Answer:
    """The first version of a new name, or the next one of a known name."""
    request = call.decode(CreatePromptTemplateRequest)
    parts = checked_template(request)
    async with call.write(is_short=True) as session:
        row = await add_prompt_template(session, call.project_id, request, parts)
        return call.answer(present_prompt_template(row))


@operation("get_prompt_template")
async def get_prompt_template(call: Call) -> Answer:
    """One version."""
    async with call.read() as session:
        row = await see_prompt_template(session, call.project_id, call.path["prompt_template_id"])
    return call.answer(present_prompt_template(row))


@operation("delete_prompt_template")
async def delete_prompt_template(call: Call) -> Answer:
    """Hide a version that experiments were made with, delete any other."""
    async with call.write() as session:
        row = await find_prompt_template(session, call.project_id, call.path["prompt_template_id"])
        is_hidden = await hide_or_delete(
            session,
            row,
            select(Experiment.id).where(Experiment.prompt_template_id == row.id),
            select(Prompt.id).where(Prompt.prompt_template_id == row.id),
        )
        if is_hidden:
            row.criterion_set_id = None
        return call.answer()
