"""List the projects that the credentials reach."""

from __future__ import annotations

from ...models.paged_project import PagedProject
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedProject] = Operation(
    id="list_projects",
    method="GET",
    path="/projects",
    status=200,
    success=PagedProject,
    repeatable=True,
)


def build(
    *,
    page: int | None | Unset = UNSET,
) -> Request[PagedProject]:
    """List the projects that the credentials reach.

    An API key reaches exactly one project, a token all projects of its user. In order of creation,
    paged; without `page` the first page comes. Existing clients read the first page only, take 404 as
    a wrong base URL or wrong credentials, and do not repeat the request.
    """
    return Request(
        OPERATION,
        "/projects",
        query=encode_query(
            {
                "page": page,
            }
        ),
    )
