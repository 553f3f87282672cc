from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class AddScenarioFieldRequest:
    """New field; default_value is always sent, empty by default."""

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    default_value: Annotated[str, Meta(max_length=100000)] | None = ""
