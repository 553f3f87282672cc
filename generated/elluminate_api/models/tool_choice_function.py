from __future__ import annotations

from attrs import define


@define(kw_only=True)
class ToolChoiceFunction:
    """Named function."""

    name: str
