from __future__ import annotations

import datetime
from typing import Any

from attrs import define, field

from ..types import one_line


@define(kw_only=True, repr=False)
class Scenario:
    """What a simulated user wants, and how the conversation should end.

    Attributes:
        id: Id of the scenario.
        goal: What the user wants.
        expected_conversation_outcome: How the conversation should end.
        created_at: When the scenario was created.
        field_values: Field name to value.
    """

    id: int
    goal: str
    expected_conversation_outcome: str
    created_at: datetime.datetime
    field_values: dict[str, Any] = field(factory=dict)

    __repr__ = one_line
