from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class AddScenarioFieldRequest:
    """A field to declare. Existing clients send both fields.

    Attributes:
        name: Name of the field, an identifier of at most 100 characters.
        default_value: Value of scenarios that do not give one, at most 100000 characters. Null reads as empty.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    default_value: Annotated[str, Meta(max_length=100000)] | None = ""

    __repr__ = one_line
