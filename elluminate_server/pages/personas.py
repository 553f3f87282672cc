"""Personas and persona groups: who talks in multi-turn experiments, in which versions; made, changed and deleted."""

from collections.abc import Sequence

from elluminate_api.models import (
    CreatePersonaGroupRequest,
    CreatePersonaRequest,
    UpdatePersonaGroupRequest,
    UpdatePersonaRequest,
)
from sqlalchemy import func, select
from starlette.responses import Response

from elluminate_server.http.problems import Invalid, NotFound
from elluminate_server.pages.paging import Paging
from elluminate_server.pages.visits import Visit, form, page
from elluminate_server.reading.finding import see_persona, see_persona_group
from elluminate_server.reading.personas import load_persona_groups, load_personas
from elluminate_server.store.tables import Persona, PersonaGroup, PersonaGroupMember, PersonaVersion
from elluminate_server.writing.naming import of_project
from elluminate_server.writing.persona_groups import (
    add_persona_group,
    change_persona_group,
    delete_persona_group,
)
from elluminate_server.writing.personas import add_persona, change_persona, delete_persona

__all__: list[str] = []

_SIZE = 25
_MOST_CHOICES = 500
_PROJECT = "/projects/{project_id:int}"
_PERSONAS, _GROUPS = f"{_PROJECT}/personas", f"{_PROJECT}/persona-groups"
_PERSONA = _PERSONAS + "/{persona_id:int}"
_GROUP = _GROUPS + "/{persona_group_id:int}"


@page(_PERSONAS)
async def personas(visit: Visit) -> Response:
    """By name, each in its newest version."""
    session = visit.session
    query = of_project(Persona, visit.project_id)
    if visit.asked("q"):
        query = query.where(Persona.name.icontains(visit.asked("q"), autoescape=True))
    count = await session.scalar(query.with_only_columns(func.count())) or 0
    paging = Paging(visit.asked_number("page", 1), _SIZE, count)
    ordered = query.order_by(Persona.name, Persona.id).limit(_SIZE).offset(paging.offset)
    ids = [one.id for one in await session.scalars(ordered)]
    loaded = await load_personas(session, ids)
    return visit.show("personas.html", place="personas", personas=[loaded[one] for one in ids], paging=paging)


@form(_PERSONAS, does="create_persona")
async def create(visit: Visit) -> Response:
    """A persona in its first version."""
    request = visit.wanted(
        CreatePersonaRequest,
        name=visit.field("name").strip(),
        description=visit.text("description"),
        domain_knowledge=visit.text("knowledge") or None,
    )
    async with visit.write() as session:
        visit.made, _ = await add_persona(session, visit.project_id, request)
    return visit.go_on(f"/projects/{visit.project_id}/personas/{visit.made.id}")


@page(_PERSONA)
async def persona(visit: Visit) -> Response:
    """One persona with its versions, and the groups that it is in."""
    session = visit.session
    row = await see_persona(session, visit.project_id, visit.path["persona_id"])
    versions = await session.scalars(
        select(PersonaVersion)
        .where(PersonaVersion.persona_id == row.id)
        .order_by(PersonaVersion.version.desc())
    )
    groups = await session.scalars(
        of_project(PersonaGroup, visit.project_id)
        .join(PersonaGroupMember, PersonaGroupMember.persona_group_id == PersonaGroup.id)
        .where(PersonaGroupMember.persona_id == row.id)
        .order_by(PersonaGroup.name)
    )
    newest, *earlier = versions.all()
    return visit.show(
        "persona.html", place="personas", persona=row, newest=newest, earlier=earlier, groups=groups.all()
    )


@form(_PERSONA, does="update_persona")
async def change(visit: Visit) -> Response:
    """Another name, and the next version where anything else changes."""
    request = visit.wanted(
        UpdatePersonaRequest,
        name=visit.field("name").strip(),
        description=visit.text("description"),
        domain_knowledge=visit.text("knowledge") or None,
    )
    async with visit.write() as session:
        await change_persona(session, visit.project_id, visit.path["persona_id"], request)
    return visit.go_on(visit.request.url.path)


@form(_PERSONA + "/delete", does="delete_persona")
async def remove(visit: Visit) -> Response:
    """Conversations that it held stay readable."""
    async with visit.write() as session:
        await delete_persona(session, visit.project_id, visit.path["persona_id"])
    return visit.go_on(f"/projects/{visit.project_id}/personas")


@page(_GROUPS)
async def persona_groups(visit: Visit) -> Response:
    """By name, with how many personas each has."""
    session = visit.session
    query = of_project(PersonaGroup, visit.project_id)
    if visit.asked("q"):
        query = query.where(PersonaGroup.name.icontains(visit.asked("q"), autoescape=True))
    count = await session.scalar(query.with_only_columns(func.count())) or 0
    paging = Paging(visit.asked_number("page", 1), _SIZE, count)
    ordered = query.order_by(PersonaGroup.name, PersonaGroup.id).limit(_SIZE).offset(paging.offset)
    return visit.show(
        "persona_groups.html",
        place="persona-groups",
        groups=await load_persona_groups(session, (await session.scalars(ordered)).all()),
        choices=await _choices(visit),
        paging=paging,
    )


@form(_GROUPS, does="create_persona_group")
async def create_group(visit: Visit) -> Response:
    """A group of personas that are there."""
    request = visit.wanted(
        CreatePersonaGroupRequest,
        name=visit.field("name").strip(),
        description=visit.text("description"),
        persona_ids=_chosen(visit),
    )
    async with visit.write() as session:
        visit.made = await add_persona_group(session, visit.project_id, request)
    return visit.go_on(f"/projects/{visit.project_id}/persona-groups/{visit.made.id}")


@page(_GROUP)
async def persona_group(visit: Visit) -> Response:
    """One group with its personas in their order."""
    row = await see_persona_group(visit.session, visit.project_id, visit.path["persona_group_id"])
    (shown,) = await load_persona_groups(visit.session, [row])
    return visit.show(
        "persona_group.html", place="persona-groups", group=shown, choices=await _choices(visit)
    )


@form(_GROUP, does="update_persona_group")
async def change_group(visit: Visit) -> Response:
    """Name, description, and who is in it."""
    request = visit.wanted(
        UpdatePersonaGroupRequest,
        name=visit.field("name").strip(),
        description=visit.text("description"),
        persona_ids=_chosen(visit),
    )
    async with visit.write() as session:
        await change_persona_group(session, visit.project_id, visit.path["persona_group_id"], request)
    return visit.go_on(visit.request.url.path)


@form(_GROUP + "/delete", does="delete_persona_group")
async def remove_group(visit: Visit) -> Response:
    """Its personas stay, and so do experiments that were run with it."""
    async with visit.write() as session:
        await delete_persona_group(session, visit.project_id, visit.path["persona_group_id"])
    return visit.go_on(f"/projects/{visit.project_id}/persona-groups")


async def _choices(visit: Visit) -> Sequence[tuple[int, str]]:
    """Who may be in a group."""
    rows = await visit.session.execute(
        of_project(Persona, visit.project_id)
        .with_only_columns(Persona.id, Persona.name)
        .order_by(Persona.name)
        .limit(_MOST_CHOICES)
    )
    return [(row.id, row.name) for row in rows]


def _chosen(visit: Visit) -> list[int]:
    """Who was ticked, in the order of the form.

    Raises:
        Invalid: Nobody was.
        NotFound: One is no id.
    """
    texts = [one for one in visit.fields.getlist("persona") if isinstance(one, str)]
    if not texts:
        raise Invalid("Nobody would be in it: tick one persona at least.")
    for text in texts:
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise NotFound("persona", repr(text[:40]))
    return [int(text) for text in texts]
