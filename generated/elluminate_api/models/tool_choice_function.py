from __future__ import annotations

from attrs import define


@define(kw_only=True)
class ToolChoiceFunction:
    """Function that a tool choice names.

    Attributes:
        name: Name of the function.
    """

    name: str
