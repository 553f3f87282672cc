from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class RenameScenarioFieldRequest:
    """New name of a field.

    Attributes:
        name: Name of the field, an identifier of at most 100 characters.
        default_value: New default, at most 100000 characters. Left out, the present one stays.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    default_value: Annotated[str, Meta(max_length=100000)] | Unset = UNSET

    __repr__ = one_line
