from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class PagedScenarioSet:
    """One page of scenario sets.

    Attributes:
        items: Scenario sets of this page.
        count: Number of items over all pages.
    """

    items: list[ScenarioSet]
    count: Annotated[int, Meta(ge=0)]

    __repr__ = one_line


from ..models.scenario_set import ScenarioSet  # noqa: E402
