from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class PagedEarlierRating:
    """One page of earlier verdicts.

    Attributes:
        items: Verdicts of this page.
        count: Number of items over all pages.
    """

    items: list[EarlierRating]
    count: Annotated[int, Meta(ge=0)]

    __repr__ = one_line


from ..models.earlier_rating import EarlierRating  # noqa: E402
