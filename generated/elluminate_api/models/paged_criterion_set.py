from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class PagedCriterionSet:
    """One page of criterion sets.

    Attributes:
        items: Criterion sets of this page.
        count: Number of items over all pages.
    """

    items: list[CriterionSet]
    count: Annotated[int, Meta(ge=0)]

    __repr__ = one_line


from ..models.criterion_set import CriterionSet  # noqa: E402
