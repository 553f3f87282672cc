"""Creating, listing and choosing projects."""

from __future__ import annotations

from elluminate_api import models as api
from elluminate_api.api.projects import create_project, get_project, list_projects
from elluminate_api.types import UNSET

from elluminate._checks import checked_id, checked_name
from elluminate._lookup import given_id, naming_conflicts
from elluminate._operations.base import Operations


class ProjectOperations(Operations):
    """Operations on projects."""

    async def create_project(
        self,
        name: str,
        description: str = "",
        *,
        organization_id: int | None = None,
        public_in_org: bool | None = None,
    ) -> api.Project:
        """Create a project. The client stays in its own: `select_project` changes that.

        An API key works in one project; reaching the new one takes a token, or a key of its own.

        Args:
            name: 1 to 255 characters, unique in the organization.
            description: What it is for.
            organization_id: Who will own it; None takes the organization of the project in use.
            public_in_org: Whether every member of the organization sees it; None lets the server decide.

        Returns:
            The project.

        Raises:
            ConflictError: The name is taken.
            PermissionDeniedError: The credentials do not reach the organization.

        Example:
            >>> project = client.create_project("Support answers", "Prompts of the help desk")
        """
        checked_name(name, "project")
        if organization_id is None:
            organization_id = (await self.session.start()).organization.id
        checked_id(organization_id, "organization_id")
        body = api.CreateProjectRequest(
            name=name,
            description=description,
            organization_id=organization_id,
            public_in_org=UNSET if public_in_org is None else public_in_org,
        )
        await self.session.start()
        with naming_conflicts("project", name):
            return await self.session.call(create_project.build(body=body))

    async def list_projects(self) -> list[api.Project]:
        """All projects that the credentials reach, in order of creation.

        Returns:
            Projects, each with its organization.

        Example:
            >>> [project.name for project in client.list_projects()]
            ['Default project']
        """
        await self.session.start()
        return await self.session.pages(lambda page: list_projects.build(page=page), api.Project)

    async def select_project(self, project: api.Project | int) -> api.Project:
        """Work in another project from now on. Objects that were read before go on working in the project of then.

        They are refused as arguments of this client's methods, with a ForeignModelError: their ids are others' here.

        Args:
            project: A project, or its id.

        Returns:
            The project, which is `current_project` now.

        Raises:
            NotFoundError: The credentials do not reach it.
            ValidationError: It is neither a project nor an id.

        Example:
            >>> client.select_project(client.list_projects()[0]).name
            'Default project'
        """
        chosen = given_id(project, api.Project, "project")
        await self.session.ensure_connected()
        current = await self.session.call(get_project.build(chosen))
        self.session.work_in(current)
        return current
