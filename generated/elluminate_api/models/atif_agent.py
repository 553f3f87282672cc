from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class ATIFAgent:
    """Agent that ran."""

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    version: str
    model_name: str | None = None
    tool_definitions: list[dict[str, Any]] | None = None
    extra: dict[str, Any] | None = None
