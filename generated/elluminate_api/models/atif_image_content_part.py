from __future__ import annotations

from typing import Literal

from attrs import define


@define(kw_only=True)
class ATIFImageContentPart:
    """Image part.

    Attributes:
        source: Image location.
    """

    type: Literal["image"]
    source: ATIFImageSource


from ..models.atif_image_source import ATIFImageSource  # noqa: E402
