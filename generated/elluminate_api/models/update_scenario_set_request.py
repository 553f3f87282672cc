from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class UpdateScenarioSetRequest:
    """Changes to a scenario set. Absent fields stay as they are.

    Attributes:
        name: New name. 1 to 255 characters, not only blanks.
        description: New description. At most 10000 characters.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")] | Unset = UNSET
    description: Annotated[str, Meta(max_length=10000)] | Unset = UNSET

    __repr__ = one_line
