from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class PagedPromptTemplate:
    """One page of template versions.

    Attributes:
        items: Template versions of this page.
        count: Number of items over all pages.
    """

    items: list[PromptTemplate]
    count: Annotated[int, Meta(ge=0)]

    __repr__ = one_line


from ..models.prompt_template import PromptTemplate  # noqa: E402
