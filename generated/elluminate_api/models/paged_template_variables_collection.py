from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class PagedTemplateVariablesCollection:
    """One page of collections.

    Attributes:
        items: Collections of this page.
        count: Number of items over all pages.
    """

    items: list[TemplateVariablesCollection]
    count: Annotated[int, Meta(ge=0)]

    __repr__ = one_line


from ..models.template_variables_collection import TemplateVariablesCollection  # noqa: E402
