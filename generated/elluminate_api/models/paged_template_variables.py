from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class PagedTemplateVariables:
    """One page of rows.

    Attributes:
        items: Rows of this page.
        count: Number of items over all pages.
    """

    items: list[TemplateVariables]
    count: Annotated[int, Meta(ge=0)]


from ..models.template_variables import TemplateVariables  # noqa: E402
