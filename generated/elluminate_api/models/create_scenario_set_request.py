from __future__ import annotations

from typing import Annotated

from attrs import define, field
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class CreateScenarioSetRequest:
    """A scenario set to create.

    Attributes:
        name: Name, unique in the project. 1 to 255 characters, not only blanks. Left out, the server
            invents one.
        description: What the set is for. At most 10000 characters.
        fields: Names of further fields, at most 1000. A letter or an underscore, then letters, digits and
            underscores, at most 100 characters; not goal or expected_conversation_outcome.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")] | Unset = UNSET
    description: Annotated[str, Meta(max_length=10000)] = ""
    fields: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]],
        Meta(max_length=1000),
    ] = field(factory=list)

    __repr__ = one_line
