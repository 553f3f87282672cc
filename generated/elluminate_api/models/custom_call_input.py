from __future__ import annotations

from attrs import define


@define(kw_only=True)
class CustomCallInput:
    """Custom tool that a model called.

    Attributes:
        name: Name of the tool.
        input: Input as the model wrote it.
    """

    name: str
    input: str
