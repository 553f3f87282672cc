from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class ATIFImageSource:
    """Where an image is found.

    Attributes:
        media_type: Media type, for example image/png.
        path: Path beside the trajectory, or address.
    """

    media_type: Annotated[str, Meta(max_length=255)]
    path: Annotated[str, Meta(max_length=2048)]

    __repr__ = one_line
