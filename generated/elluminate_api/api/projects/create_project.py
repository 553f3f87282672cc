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

    Never retried.
    """
    return Request(
        OPERATION,
        "/projects",
        body=body,
    )
