from __future__ import annotations

from attrs import define


@define(kw_only=True)
class ATIFImageSource:
    """Image location."""

    media_type: str
    path: str
