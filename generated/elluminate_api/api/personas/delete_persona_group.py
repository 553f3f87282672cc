"""Delete a persona group."""

from __future__ import annotations

from urllib.parse import quote

from ...types import Operation, Request

OPERATION: Operation[None] = Operation(
    id="delete_persona_group",
    method="DELETE",
    path="/projects/{project_id}/persona-groups/{persona_group_id}",
    status=204,
    success=None,
    repeatable=True,
)


def build(
    project_id: int,
    persona_group_id: int,
) -> Request[None]:
    """Delete a persona group.

    Its personas stay, and so do experiments that used it.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/persona-groups/{quote(str(persona_group_id), safe='')}",
    )
