from __future__ import annotations

from typing import Annotated, Any

from attrs import define, field
from msgspec import Meta


@define(kw_only=True)
class ScenarioIn:
    """Scenario to create or to put in place of another.

    Attributes:
        goal: Trimmed by the SDK.
        expected_conversation_outcome: Trimmed by the SDK.
        field_values: Any JSON object.
    """

    goal: Annotated[str, Meta(min_length=1)]
    expected_conversation_outcome: Annotated[str, Meta(min_length=1)]
    field_values: dict[str, Any] = field(factory=dict)
