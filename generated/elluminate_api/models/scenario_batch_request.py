from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class ScenarioBatchRequest:
    """Scenarios to add. Existing clients send both fields.

    Attributes:
        scenarios: The scenarios, at most 100000.
        skip_existing: Whether scenarios that equal a stored one or an earlier one are left out.
    """

    scenarios: Annotated[list[ScenarioIn], Meta(max_length=100000)]
    skip_existing: bool = False


from ..models.scenario_in import ScenarioIn  # noqa: E402
