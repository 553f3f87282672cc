from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class ScenarioBatchRequest:
    """Many scenarios in one request; both keys are always sent.

    Attributes:
        skip_existing: Drop scenarios that equal a stored or a preceding one.
    """

    scenarios: Annotated[list[ScenarioIn], Meta(max_length=100000)]
    skip_existing: bool = False


from ..models.scenario_in import ScenarioIn  # noqa: E402
