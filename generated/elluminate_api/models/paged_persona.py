from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class PagedPersona:
    """One page of personas.

    Attributes:
        items: Personas of this page.
        count: Number of items over all pages.
    """

    items: list[Persona]
    count: Annotated[int, Meta(ge=0)]


from ..models.persona import Persona  # noqa: E402
