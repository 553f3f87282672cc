"""Delete a persona."""

from __future__ import annotations

from urllib.parse import quote

from ...types import Operation, Request

OPERATION: Operation[None] = Operation(
    id="delete_persona",
    method="DELETE",
    path="/projects/{project_id}/personas/{persona_id}",
    status=204,
    success=None,
    repeatable=True,
)


def build(
    project_id: int,
    persona_id: int,
) -> Request[None]:
    """Delete a persona.

    Conversations that it held stay. 409 while it is in a persona group; the detail names the group.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/personas/{quote(str(persona_id), safe='')}",
    )
