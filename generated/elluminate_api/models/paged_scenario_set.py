from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class PagedScenarioSet:
    """One page of scenario sets.

    Attributes:
        items: Scenario sets of this page.
        count: Number of items over all pages.
    """

    items: list[ScenarioSet]
    count: Annotated[int, Meta(ge=0)]


from ..models.scenario_set import ScenarioSet  # noqa: E402
