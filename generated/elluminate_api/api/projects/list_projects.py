"""List reachable projects."""

from __future__ import annotations

from ...models.paged_project import PagedProject
from ...types import Operation, Request

OPERATION: Operation[PagedProject] = Operation(
    id="list_projects",
    method="GET",
    path="/projects",
    status=200,
    success=PagedProject,
    repeatable=True,
)


def build() -> Request[PagedProject]:
    """List reachable projects.

    Second call of a client. No page parameter is sent and only items is read, so only the first page
    counts. 404 is reported as a wrong base URL or wrong credentials. Never retried.
    """
    return Request(
        OPERATION,
        "/projects",
    )
