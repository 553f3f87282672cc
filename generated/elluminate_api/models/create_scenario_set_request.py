from __future__ import annotations

from typing import Annotated

from attrs import define, field
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset


@define(kw_only=True)
class CreateScenarioSetRequest:
    """New scenario set.

    Attributes:
        name: Absent asks the server for a random name.
        fields: Names of extra fields, matching ^[A-Za-z_][A-Za-z0-9_]{0,99}$ (alphabet may be wider); goal
            and expected_conversation_outcome are implied and refused here.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")] | Unset = UNSET
    description: Annotated[str, Meta(max_length=10000)] = ""
    fields: list[str] = field(factory=list)
