"""Create a persona."""

from __future__ import annotations

from urllib.parse import quote

from ...models.create_persona_request import CreatePersonaRequest
from ...models.persona import Persona
from ...types import Operation, Request

OPERATION: Operation[Persona] = Operation(
    id="create_persona",
    method="POST",
    path="/projects/{project_id}/personas",
    status=201,
    success=Persona,
)


def build(
    project_id: int,
    *,
    body: CreatePersonaRequest,
) -> Request[Persona]:
    """Create a persona.

    Its version is 1. 409 when the project has a persona of that name.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/personas",
        body=body,
    )
