from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class CriterionIn:
    """Question to create."""

    criterion_str: Annotated[str, Meta(min_length=1, max_length=100000, pattern=r"\S")]
    label: Annotated[str, Meta(max_length=255)] | None = None
