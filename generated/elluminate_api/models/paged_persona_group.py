from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class PagedPersonaGroup:
    """One page of persona groups.

    Attributes:
        items: Persona groups of this page.
        count: Number of items over all pages.
    """

    items: list[PersonaGroup]
    count: Annotated[int, Meta(ge=0)]


from ..models.persona_group import PersonaGroup  # noqa: E402
