"""Read a persona."""

from __future__ import annotations

from urllib.parse import quote

from ...models.persona import Persona
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[Persona] = Operation(
    id="get_persona",
    method="GET",
    path="/projects/{project_id}/personas/{persona_id}",
    status=200,
    success=Persona,
    repeatable=True,
)


def build(
    project_id: int,
    persona_id: int,
    *,
    version: int | None | Unset = UNSET,
) -> Request[Persona]:
    """Read a persona.

    Its newest version, or the one that is asked for.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/personas/{quote(str(persona_id), safe='')}",
        query=encode_query(
            {
                "version": version,
            }
        ),
    )
