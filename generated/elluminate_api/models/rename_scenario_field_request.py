from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset


@define(kw_only=True)
class RenameScenarioFieldRequest:
    """New name of a field.

    Attributes:
        default_value: The schema allows it; the SDK method never sends it, which leaves the default alone.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    default_value: Annotated[str, Meta(max_length=100000)] | Unset = UNSET
