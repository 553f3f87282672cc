from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class PersonaMinimal:
    """Persona that took part in a sample.

    Attributes:
        id: Id of the persona.
        name: Name of the persona.
        version: Version of the persona, counted from 1.
    """

    id: int
    name: str
    version: int

    __repr__ = one_line
