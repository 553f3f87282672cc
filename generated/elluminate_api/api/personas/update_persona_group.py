"""Change a persona group."""

from __future__ import annotations

from urllib.parse import quote

from ...models.persona_group import PersonaGroup
from ...models.update_persona_group_request import UpdatePersonaGroupRequest
from ...types import Operation, Request

OPERATION: Operation[PersonaGroup] = Operation(
    id="update_persona_group",
    method="PUT",
    path="/projects/{project_id}/persona-groups/{persona_group_id}",
    status=200,
    success=PersonaGroup,
    repeatable=True,
)


def build(
    project_id: int,
    persona_group_id: int,
    *,
    body: UpdatePersonaGroupRequest,
) -> Request[PersonaGroup]:
    """Change a persona group.

    Fields that are absent stay as they are, although the method is PUT; the list of personas is
    replaced
    as a whole. 409 when another group has that name.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/persona-groups/{quote(str(persona_group_id), safe='')}",
        body=body,
    )
