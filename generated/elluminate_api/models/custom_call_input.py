from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class CustomCallInput:
    """Custom tool that a model called.

    Attributes:
        name: Name of the tool.
        input: Input as the model wrote it.
    """

    name: str
    input: str

    __repr__ = one_line
