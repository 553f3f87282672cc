from __future__ import annotations

from typing import Literal

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class ATIFImageContentPart:
    """Image in a message of a trajectory.

    Attributes:
        type: Always image.
        source: Where the image is found.
    """

    type: Literal["image"]
    source: ATIFImageSource

    __repr__ = one_line


from ..models.atif_image_source import ATIFImageSource  # noqa: E402
