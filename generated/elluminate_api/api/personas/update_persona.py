"""Change a persona."""

from __future__ import annotations

from urllib.parse import quote

from ...models.persona import Persona
from ...models.update_persona_request import UpdatePersonaRequest
from ...types import Operation, Request

OPERATION: Operation[Persona] = Operation(
    id="update_persona",
    method="PUT",
    path="/projects/{project_id}/personas/{persona_id}",
    status=200,
    success=Persona,
    repeatable=True,
)


def build(
    project_id: int,
    persona_id: int,
    *,
    body: UpdatePersonaRequest,
) -> Request[Persona]:
    """Change a persona.

    Fields that are absent stay as they are, although the method is PUT. Another description or another
    domain knowledge makes the next version; conversations that were held keep theirs. 409 when another
    persona has that name.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/personas/{quote(str(persona_id), safe='')}",
        body=body,
    )
