from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class PagedPersonaGroup:
    """One page of persona groups.

    Attributes:
        items: Persona groups of this page.
        count: Number of items over all pages.
    """

    items: list[PersonaGroup]
    count: Annotated[int, Meta(ge=0)]

    __repr__ = one_line


from ..models.persona_group import PersonaGroup  # noqa: E402
