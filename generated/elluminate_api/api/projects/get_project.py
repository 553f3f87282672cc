"""Read one project."""

from __future__ import annotations

from urllib.parse import quote

from ...models.project import Project
from ...types import Operation, Request

OPERATION: Operation[Project] = Operation(
    id="get_project",
    method="GET",
    path="/projects/{project_id}",
    status=200,
    success=Project,
    repeatable=True,
)


def build(
    project_id: int,
) -> Request[Project]:
    """Read one project.

    Used to change the active project of a client. 404 for a project that the credentials do not
    reach, so that its existence is not given away.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}",
    )
