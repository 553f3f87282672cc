from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class CreatePersonaRequest:
    """A persona to create.

    Attributes:
        name: Name, unique in the project. 1 to 255 characters, not only blanks.
        description: What the persona is like, how it talks. 1 to 10000 characters, not only blanks.
        domain_knowledge: What the persona knows of the subject. At most 100000 characters.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    description: Annotated[str, Meta(min_length=1, max_length=10000, pattern=r"\S")]
    domain_knowledge: Annotated[str, Meta(max_length=100000)] | None = None

    __repr__ = one_line
