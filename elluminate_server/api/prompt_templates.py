"""Prompt templates: immutable versions under a name."""

from typing import Any

import msgspec
from elluminate_api.models import CreatePromptTemplateRequest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.compatibility import missing_columns
from elluminate_server.domain.identity import template_identity
from elluminate_server.domain.messages import check_messages
from elluminate_server.domain.rendering import message_placeholders
from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Conflict, Invalid
from elluminate_server.reading.finding import find_prompt_template, see_collection, see_prompt_template
from elluminate_server.reading.loading import columns_of
from elluminate_server.reading.presenting import present_prompt_template
from elluminate_server.store.tables import Experiment, Project, Prompt, PromptTemplate
from elluminate_server.writing.deleting import hide_or_delete
from elluminate_server.writing.naming import free_name, of_project


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
    check_messages(request.messages)
    tools: list[dict[str, Any]] | None = None
    if request.tools:
        tools = msgspec.to_builtins(request.tools)
    tool_choice: Any = None
    if request.tool_choice is not None:
        tool_choice = msgspec.to_builtins(request.tool_choice)
        if not tools:
            raise Invalid(f"$.tool_choice: {tool_choice!r} needs tools, and there are none. Leave it out.")
    async with call.write() as session:
        # Two new versions of a name take turns; on SQLite all writers do anyway.
        await session.execute(select(Project.id).where(Project.id == call.project_id).with_for_update())
        parent: PromptTemplate | None = None
        if request.parent_prompt_template_id is not None:
            parent = await find_prompt_template(session, call.project_id, request.parent_prompt_template_id)
        name = request.name or await free_name(session, call.project_id, PromptTemplate, "Prompt template")
        identity = template_identity(
            name, request.messages, request.response_format_json_schema, tools, tool_choice
        )
        await _refuse_same(session, call.project_id, name, identity)
        if parent is None:
            parent = await _find_latest(session, call.project_id, name)
        row = PromptTemplate(
            project_id=call.project_id,
            name=name,
            version=await _next_version(session, call.project_id, name),
            messages=request.messages,
            placeholders=message_placeholders(request.messages),
            response_format=request.response_format_json_schema,
            tools=tools,
            tool_choice=tool_choice,
            parent_prompt_template_id=request.parent_prompt_template_id,
            identity=identity,
            # What judged the version before judges this one, so that the two can be compared.
            criterion_set_id=None if parent is None else parent.criterion_set_id,
        )
        session.add(row)
        await session.flush()
        return call.answer(present_prompt_template(row))


async def _refuse_same(session: AsyncSession, project_id: int, name: str, identity: str) -> None:
    same = (
        await session.execute(
            select(PromptTemplate.id, PromptTemplate.version).where(
                PromptTemplate.project_id == project_id,
                PromptTemplate.identity == identity,
                PromptTemplate.deleted_at.is_(None),
            )
        )
    ).one_or_none()
    if same is not None:
        identifier, version = same
        raise Conflict(
            f"Prompt template {name!r} has this content already, as version {version} (id {identifier}). "
            "Use that version, or change the content.",
            extra={"prompt_template_id": identifier},
        )


async def _find_latest(session: AsyncSession, project_id: int, name: str) -> PromptTemplate | None:
    query = select(PromptTemplate).where(
        PromptTemplate.project_id == project_id,
        PromptTemplate.name == name,
        PromptTemplate.deleted_at.is_(None),
    )
    latest: PromptTemplate | None = await session.scalar(
        query.order_by(PromptTemplate.version.desc()).limit(1)
    )
    return latest


async def _next_version(session: AsyncSession, project_id: int, name: str) -> int:
    # Deleted versions count as long as the name lives, so that a number never means two contents.
    versions = (PromptTemplate.project_id == project_id, PromptTemplate.name == name)
    alive = await session.scalar(
        select(func.count()).select_from(PromptTemplate).where(*versions, PromptTemplate.deleted_at.is_(None))
    )
    if not alive:
        return 1
    return (await session.scalar(select(func.max(PromptTemplate.version)).where(*versions)) or 0) + 1


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
