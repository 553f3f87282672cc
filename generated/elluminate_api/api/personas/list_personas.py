"""List personas."""

from __future__ import annotations

from urllib.parse import quote

from ...models.paged_persona import PagedPersona
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedPersona] = Operation(
    id="list_personas",
    method="GET",
    path="/projects/{project_id}/personas",
    status=200,
    success=PagedPersona,
    repeatable=True,
)


def build(
    project_id: int,
    *,
    name: str | None | Unset = UNSET,
    page: int | None | Unset = UNSET,
) -> Request[PagedPersona]:
    """List personas.

    In order of creation, paged, each in its newest version.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/personas",
        query=encode_query(
            {
                "name": name,
                "page": page,
            }
        ),
    )
