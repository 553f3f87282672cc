from __future__ import annotations

import datetime
from typing import Any

from attrs import define, field


@define(kw_only=True)
class Scenario:
    """What a simulated user wants and how it should end.

    Attributes:
        field_values: Any JSON object.
    """

    id: int
    goal: str
    expected_conversation_outcome: str
    created_at: datetime.datetime
    field_values: dict[str, Any] = field(factory=dict)
