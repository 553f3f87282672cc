from __future__ import annotations

from typing import Literal

from attrs import define


@define(kw_only=True)
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
