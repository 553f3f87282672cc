"""List persona groups."""

from __future__ import annotations

from urllib.parse import quote

from ...models.paged_persona_group import PagedPersonaGroup
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedPersonaGroup] = Operation(
    id="list_persona_groups",
    method="GET",
    path="/projects/{project_id}/persona-groups",
    status=200,
    success=PagedPersonaGroup,
    repeatable=True,
)


def build(
    project_id: int,
    *,
    name: str | None | Unset = UNSET,
    page: int | None | Unset = UNSET,
) -> Request[PagedPersonaGroup]:
    """List persona groups.

    In order of creation, paged, with their personas.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/persona-groups",
        query=encode_query(
            {
                "name": name,
                "page": page,
            }
        ),
    )
