from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class PagedTemplateVariables:
    """One page of rows.

    Attributes:
        items: Rows of this page.
        count: Number of items over all pages.
    """

    items: list[TemplateVariables]
    count: Annotated[int, Meta(ge=0)]

    __repr__ = one_line


from ..models.template_variables import TemplateVariables  # noqa: E402
