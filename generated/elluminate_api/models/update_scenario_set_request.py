from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset


@define(kw_only=True)
class UpdateScenarioSetRequest:
    """Fields to change; an absent one stays."""

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")] | Unset = UNSET
    description: Annotated[str, Meta(max_length=10000)] | Unset = UNSET
