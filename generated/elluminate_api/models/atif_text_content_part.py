from __future__ import annotations

from typing import Literal

from attrs import define


@define(kw_only=True)
class ATIFTextContentPart:
    """Text part."""

    type: Literal["text"]
    text: str
