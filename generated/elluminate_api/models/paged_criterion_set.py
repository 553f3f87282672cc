from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class PagedCriterionSet:
    """One page of criterion sets.

    Attributes:
        items: Criterion sets of this page.
        count: Number of items over all pages.
    """

    items: list[CriterionSet]
    count: Annotated[int, Meta(ge=0)]


from ..models.criterion_set import CriterionSet  # noqa: E402
