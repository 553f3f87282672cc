from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class ScenarioBatchRequest:
    """Scenarios to add. Existing clients send both fields.

    Attributes:
        scenarios: The scenarios, at most 100000.
        skip_existing: Whether scenarios that equal a stored one or an earlier one are left out.
    """

    scenarios: Annotated[list[ScenarioIn], Meta(max_length=100000)]
    skip_existing: bool = False

    __repr__ = one_line


from ..models.scenario_in import ScenarioIn  # noqa: E402
