from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class PagedCriterion:
    """One page of criteria.

    Attributes:
        items: Criteria of this page.
        count: Number of items over all pages.
    """

    items: list[Criterion]
    count: Annotated[int, Meta(ge=0)]


from ..models.criterion import Criterion  # noqa: E402
