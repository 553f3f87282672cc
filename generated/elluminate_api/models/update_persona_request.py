from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class UpdatePersonaRequest:
    """Changes to a persona. Absent fields stay as they are.

    Attributes:
        name: New name. 1 to 255 characters, not only blanks.
        description: What the persona is like now. 1 to 10000 characters, not only blanks.
        domain_knowledge: What the persona knows now. At most 100000 characters; null takes it away.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")] | Unset = UNSET
    description: Annotated[str, Meta(min_length=1, max_length=10000, pattern=r"\S")] | Unset = UNSET
    domain_knowledge: Annotated[str, Meta(max_length=100000)] | None | Unset = UNSET

    __repr__ = one_line
