"""Prompt templates: a new version, of a new name or a known one."""

from typing import Any

import attrs
import msgspec
from elluminate_api.models import CreatePromptTemplateRequest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.identity import template_identity
from elluminate_server.domain.messages import check_messages
from elluminate_server.domain.rendering import message_placeholders
from elluminate_server.http.problems import Conflict, Invalid
from elluminate_server.reading.finding import find_prompt_template
from elluminate_server.store.tables import Project, PromptTemplate
from elluminate_server.writing.naming import free_name

__all__ = ["TemplateParts", "add_prompt_template", "checked_template"]


@attrs.frozen
class TemplateParts:
    """What a template has beside its messages, as it is stored.

    Attributes:
        tools: What the model is offered; None for none.
        tool_choice: Which of them it has to call.
    """

    tools: list[dict[str, Any]] | None
    tool_choice: Any


def checked_template(request: CreatePromptTemplateRequest) -> TemplateParts:
    """Refuse what can be told from the request alone, before any transaction.

    Raises:
        DomainError: Its messages cannot be sent.
        Invalid: It chooses among tools that it has not.
    """
    check_messages(request.messages)
    tools: list[dict[str, Any]] | None = None
    if request.tools:
        tools = msgspec.to_builtins(request.tools)
    tool_choice: Any = None
    if request.tool_choice is not None:
        tool_choice = msgspec.to_builtins(request.tool_choice)
        if not tools:
            raise Invalid(f"$.tool_choice: {tool_choice!r} needs tools, and there are none. Leave it out.")
    return TemplateParts(tools, tool_choice)


async def add_prompt_template(
    session: AsyncSession, project_id: int, request: CreatePromptTemplateRequest, parts: TemplateParts
) -> PromptTemplate:
    """The first version of a new name, or the next one of a known name.

    Args:
        session: The caller's write transaction.
        project_id: Where.
        request: What is asked for.
        parts: What `checked_template` has found in it.

    Raises:
        Conflict: The name has this content already.
        NotFound: The version that it was made from is not there.
    """
    # Two new versions of a name take turns; on SQLite all writers do anyway.
    await session.execute(select(Project.id).where(Project.id == project_id).with_for_update())
    parent: PromptTemplate | None = None
    if request.parent_prompt_template_id is not None:
        parent = await find_prompt_template(session, project_id, request.parent_prompt_template_id)
    name = request.name or await free_name(session, project_id, PromptTemplate, "Prompt template")
    identity = template_identity(
        name, request.messages, request.response_format_json_schema, parts.tools, parts.tool_choice
    )
    await _refuse_same(session, project_id, name, identity)
    if parent is None:
        parent = await _find_latest(session, project_id, name)
    row = PromptTemplate(
        project_id=project_id,
        name=name,
        version=await _next_version(session, project_id, name),
        messages=request.messages,
        placeholders=message_placeholders(request.messages),
        response_format=request.response_format_json_schema,
        tools=parts.tools,
        tool_choice=parts.tool_choice,
        parent_prompt_template_id=request.parent_prompt_template_id,
        identity=identity,
        # What judged the version before judges this one, so that the two can be compared.
        criterion_set_id=None if parent is None else parent.criterion_set_id,
    )
    session.add(row)
    await session.flush()
    return row


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
