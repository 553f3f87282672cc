from __future__ import annotations

from attrs import define


@define(kw_only=True)
class PersonaMinimal:
    """Persona a sample was simulated with."""

    id: int
    name: str
    version: int
