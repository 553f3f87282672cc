from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class UploadRatingsRequest:
    """Verdicts that a program gave.

    Attributes:
        ratings: The verdicts, at most 10000. Of two on the same the later one counts.
    """

    ratings: Annotated[list[RatingUpload], Meta(max_length=10000)]

    __repr__ = one_line


from ..models.rating_upload import RatingUpload  # noqa: E402
