from __future__ import annotations

from attrs import define


@define(kw_only=True)
class CustomCallInput:
    """Name and free-text input of a called custom tool."""

    name: str
    input: str
