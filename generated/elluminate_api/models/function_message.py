from __future__ import annotations

from typing import Literal

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class FunctionMessage:
    """Result of a function in the provider's older form. Not part of stored responses. Further fields are
    kept.

    Attributes:
        role: Always function.
        name: Name of the function.
        content: The result as text.
    """

    role: Literal["function"]
    name: str
    content: str | None

    __repr__ = one_line
