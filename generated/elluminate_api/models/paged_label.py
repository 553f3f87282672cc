from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class PagedLabel:
    """One page of labels.

    Attributes:
        items: Labels of this page.
        count: Number of items over all pages.
    """

    items: list[Label]
    count: Annotated[int, Meta(ge=0)]

    __repr__ = one_line


from ..models.label import Label  # noqa: E402
