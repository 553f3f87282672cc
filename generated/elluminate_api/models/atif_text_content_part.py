from __future__ import annotations

from typing import Annotated, Literal

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class ATIFTextContentPart:
    """Text in a message of a trajectory.

    Attributes:
        type: Always text.
        text: The text.
    """

    type: Literal["text"]
    text: Annotated[str, Meta(max_length=10000000)]

    __repr__ = one_line
