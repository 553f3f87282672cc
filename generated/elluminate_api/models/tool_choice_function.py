from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class ToolChoiceFunction:
    """Function that a tool choice names.

    Attributes:
        name: Name of the function.
    """

    name: str

    __repr__ = one_line
