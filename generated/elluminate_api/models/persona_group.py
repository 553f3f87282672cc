from __future__ import annotations

import datetime

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class PersonaGroup:
    """Named list of personas; in a multi-turn experiment each of them talks about each row.

    Attributes:
        id: Id of the persona group.
        name: Name, unique in the project.
        personas: The personas in their newest version, in the order of the group.
        created_at: When the group was created.
        updated_at: When the group last changed.
        description: What the group is for. May be empty.
    """

    id: int
    name: str
    personas: list[Persona]
    created_at: datetime.datetime
    updated_at: datetime.datetime
    description: str = ""

    __repr__ = one_line


from ..models.persona import Persona  # noqa: E402
