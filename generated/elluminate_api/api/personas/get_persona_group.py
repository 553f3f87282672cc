"""Read a persona group."""

from __future__ import annotations

from urllib.parse import quote

from ...models.persona_group import PersonaGroup
from ...types import Operation, Request

OPERATION: Operation[PersonaGroup] = Operation(
    id="get_persona_group",
    method="GET",
    path="/projects/{project_id}/persona-groups/{persona_group_id}",
    status=200,
    success=PersonaGroup,
    repeatable=True,
)


def build(
    project_id: int,
    persona_group_id: int,
) -> Request[PersonaGroup]:
    """Read a persona group.

    With its personas, each in its newest version.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/persona-groups/{quote(str(persona_group_id), safe='')}",
    )
