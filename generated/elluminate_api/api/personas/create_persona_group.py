"""Create a persona group."""

from __future__ import annotations

from urllib.parse import quote

from ...models.create_persona_group_request import CreatePersonaGroupRequest
from ...models.persona_group import PersonaGroup
from ...types import Operation, Request

OPERATION: Operation[PersonaGroup] = Operation(
    id="create_persona_group",
    method="POST",
    path="/projects/{project_id}/persona-groups",
    status=201,
    success=PersonaGroup,
)


def build(
    project_id: int,
    *,
    body: CreatePersonaGroupRequest,
) -> Request[PersonaGroup]:
    """Create a persona group.

    404 names a persona that does not exist, 422 one that is named twice. 409 when the project has a
    group of that name.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/persona-groups",
        body=body,
    )
