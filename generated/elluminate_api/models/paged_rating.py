from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class PagedRating:
    """One page of ratings.

    Attributes:
        items: Ratings of this page.
        count: Number of items over all pages.
    """

    items: list[Rating]
    count: Annotated[int, Meta(ge=0)]

    __repr__ = one_line


from ..models.rating import Rating  # noqa: E402
