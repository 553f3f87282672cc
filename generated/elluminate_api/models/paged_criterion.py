from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class PagedCriterion:
    """One page of criteria.

    Attributes:
        items: Criteria of this page.
        count: Number of items over all pages.
    """

    items: list[Criterion]
    count: Annotated[int, Meta(ge=0)]

    __repr__ = one_line


from ..models.criterion import Criterion  # noqa: E402
