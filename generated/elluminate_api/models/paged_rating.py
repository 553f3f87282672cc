from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class PagedRating:
    """One page of ratings.

    Attributes:
        items: Ratings of this page.
        count: Number of items over all pages.
    """

    items: list[Rating]
    count: Annotated[int, Meta(ge=0)]


from ..models.rating import Rating  # noqa: E402
