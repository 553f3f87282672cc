"""Prompt templates: their versions, what differs between two, and the experiments that used them."""

import asyncio
import itertools
import json
from collections.abc import Mapping
from typing import Any

import attrs
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from elluminate_server.http.problems import NotFound
from elluminate_server.pages.differences import Piece, word_diff
from elluminate_server.pages.paging import Paging
from elluminate_server.pages.visits import Visit, page
from elluminate_server.reading.finding import see_prompt_template
from elluminate_server.store.tables import CriterionSet, Experiment, PromptTemplate
from elluminate_server.writing.naming import of_project

__all__ = ["Part"]

_SIZE = 25
_MOST_EXPERIMENTS = 50
_MOST_VERSIONS = 200


@attrs.frozen
class Part:
    """A message of a template, or what else it has.

    Attributes:
        name: The message's role, or what it is.
        text: What it says.
    """

    name: str
    text: str


@page("/projects/{project_id:int}/templates")
async def templates(visit: Visit) -> Response:
    """By name, each with its newest version."""
    session = visit.session
    query = (
        of_project(PromptTemplate, visit.project_id)
        .with_only_columns(
            PromptTemplate.name, func.max(PromptTemplate.id).label("newest"), func.count().label("versions")
        )
        .group_by(PromptTemplate.name)
    )
    if visit.asked("q"):
        query = query.where(PromptTemplate.name.icontains(visit.asked("q"), autoescape=True))
    count = await session.scalar(select(func.count()).select_from(query.subquery())) or 0
    paging = Paging(visit.asked_number("page", 1), _SIZE, count)
    found = (
        await session.execute(query.order_by(PromptTemplate.name).limit(_SIZE).offset(paging.offset))
    ).all()
    newest = await session.scalars(
        select(PromptTemplate).where(PromptTemplate.id.in_([one.newest for one in found]))
    )
    by_id = {one.id: one for one in newest}
    names = [one.name for one in found]
    uses = await session.execute(
        select(PromptTemplate.name, func.count())
        .join(Experiment, Experiment.prompt_template_id == PromptTemplate.id)
        .where(
            PromptTemplate.project_id == visit.project_id,
            PromptTemplate.name.in_(names),
            Experiment.deleted_at.is_(None),
        )
        .group_by(PromptTemplate.name)
    )
    used: dict[str, int] = {row[0]: row[1] for row in uses}
    return visit.show(
        "prompt_templates.html",
        place="templates",
        templates=[(by_id[one.newest], one.versions, used.get(one.name, 0)) for one in found],
        paging=paging,
    )


@page("/projects/{project_id:int}/templates/{prompt_template_id:int}")
async def template(visit: Visit) -> Response:
    """One version, beside another one where the address names that."""
    session = visit.session
    row = await see_prompt_template(session, visit.project_id, visit.path["prompt_template_id"])
    versions = await session.scalars(
        of_project(PromptTemplate, visit.project_id, row.name)
        .order_by(PromptTemplate.version.desc())
        .limit(_MOST_VERSIONS)
    )
    against, changes = await _against(visit, session, row.name), None
    if against is not None:
        changes = await asyncio.to_thread(_changes, against, row)
    linked = None
    if row.criterion_set_id is not None:
        linked = await session.get(CriterionSet, row.criterion_set_id)
    used = of_project(Experiment, visit.project_id).where(Experiment.prompt_template_id == row.id)
    return visit.show(
        "prompt_template.html",
        place="templates",
        template=row,
        parts=_parts(row),
        versions=versions.all(),
        against=against,
        changes=changes,
        linked=linked,
        experiments=(
            await session.scalars(used.order_by(Experiment.id.desc()).limit(_MOST_EXPERIMENTS))
        ).all(),
        uses=await session.scalar(used.with_only_columns(func.count())) or 0,
    )


async def _against(visit: Visit, session: AsyncSession, name: str) -> PromptTemplate | None:
    """The version that the address names to compare with.

    Raises:
        NotFound: There is none of that id under the name.
    """
    asked = visit.asked("against")
    if not asked:
        return None
    found = await see_prompt_template(session, visit.project_id, visit.asked_number("against", 0))
    if found.name != name:
        raise NotFound("other version", found.id)
    return found


def _changes(before: PromptTemplate, after: PromptTemplate) -> list[tuple[str, list[Piece]]]:
    """What became of each part, the unchanged ones included."""
    found = []
    for one, other in itertools.zip_longest(_parts(before), _parts(after)):
        name = other.name if other is not None else one.name
        if one is not None and other is not None and one.name != other.name:
            name = f"{one.name} → {other.name}"
        found.append((name, word_diff("" if one is None else one.text, "" if other is None else other.text)))
    return found


def _parts(template: PromptTemplate) -> list[Part]:
    parts = [Part(str(message.get("role", "")), _content(message)) for message in template.messages]
    for name, value in (
        ("response format", template.response_format),
        ("tools", template.tools),
        ("tool choice", template.tool_choice),
    ):
        if value:
            parts.append(Part(name, value if isinstance(value, str) else _json(value)))
    return parts


def _content(message: Mapping[str, Any]) -> str:
    """What a message says; all that it holds where that is more than text."""
    content = message.get("content")
    others = {name: value for name, value in message.items() if name != "role" and value is not None}
    return content if isinstance(content, str) and len(others) == 1 else _json(others)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
