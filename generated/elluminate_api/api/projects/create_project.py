"""Create a project."""

from __future__ import annotations

from ...models.create_project_request import CreateProjectRequest
from ...models.project import Project
from ...types import Operation, Request

OPERATION: Operation[Project] = Operation(
    id="create_project",
    method="POST",
    path="/projects",
    status=201,
    success=Project,
)


def build(
    *,
    body: CreateProjectRequest,
) -> Request[Project]:
    """Create a project.

    The project belongs to the organization named in the body. 409 when that organization has a
    project of that name; 403 when the credentials do not reach the organization, which an API key
    never does beyond its own. The answer does not widen an API key: reaching the new project takes a
    token or a key of its own.
    """
    return Request(
        OPERATION,
        "/projects",
        body=body,
    )
