from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class CreatePersonaGroupRequest:
    """A persona group to create.

    Attributes:
        name: Name, unique in the project. 1 to 255 characters, not only blanks.
        persona_ids: Ids of the personas in their order, each once, 1 to 1000.
        description: What the group is for. At most 10000 characters.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    persona_ids: Annotated[
        list[Annotated[int, Meta(ge=1, le=9007199254740991)]], Meta(min_length=1, max_length=1000)
    ]
    description: Annotated[str, Meta(max_length=10000)] = ""

    __repr__ = one_line
