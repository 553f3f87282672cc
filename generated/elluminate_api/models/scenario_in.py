from __future__ import annotations

from typing import Annotated, Any

from attrs import define, field
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class ScenarioIn:
    """A scenario to create, or to put in the place of another.

    Attributes:
        goal: What the user wants. 1 to 100000 characters; blanks at both ends do not count.
        expected_conversation_outcome: How the conversation should end. 1 to 100000 characters; blanks at both ends do not count.
        field_values: Field name to value. A declared field that is left out gets its default.
    """

    goal: Annotated[str, Meta(min_length=1, max_length=100000)]
    expected_conversation_outcome: Annotated[str, Meta(min_length=1, max_length=100000)]
    field_values: dict[str, Any] = field(factory=dict)

    __repr__ = one_line
