"""Projects: the one that a key opens, and making another."""

from elluminate_api.models import CreateProjectRequest
from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.http.pages import paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Forbidden, NotFound, Taken
from elluminate_server.reading.presenting import present_project
from elluminate_server.store.tables import Organization, Project


@operation("list_projects")
async def list_projects(call: Call) -> Answer:
    """The key's project."""
    async with call.read() as session:
        project, organization = await _find_project(session, call.project_id)
    # Whatever the page size, one project is on the first page.
    first = call.query.get("page", 1) == 1
    return call.answer(paged([present_project(project, organization)] if first else [], 1))


@operation("get_project")
async def get_project(call: Call) -> Answer:
    """The key's project."""
    async with call.read() as session:
        project, organization = await _find_project(session, call.project_id)
    return call.answer(present_project(project, organization))


@operation("create_project")
async def create_project(call: Call) -> Answer:
    """A project beside the key's."""
    request = call.decode(CreateProjectRequest)
    async with call.write() as session:
        _, organization = await _find_project(session, call.project_id)
        if request.organization_id != organization.id:
            raise Forbidden(
                f"This key does not reach organization {request.organization_id}; its own is {organization.id}."
            )
        taken = await session.scalar(
            select(Project.id).where(Project.organization_id == organization.id, Project.name == request.name)
        )
        if taken is not None:
            raise Taken("a project", request.name, taken, owner="organization")
        project = Project(
            organization_id=organization.id,
            name=request.name,
            description=request.description,
            public_in_org=False if request.public_in_org is UNSET else bool(request.public_in_org),
        )
        session.add(project)
        await session.flush()
        return call.answer(present_project(project, organization))


async def _find_project(session: AsyncSession, project_id: int) -> tuple[Project, Organization]:
    found = (
        await session.execute(
            select(Project, Organization)
            .join(Organization, Organization.id == Project.organization_id)
            .where(Project.id == project_id)
        )
    ).one_or_none()
    if found is None:
        raise NotFound("project", project_id)
    project, organization = found
    return project, organization
