from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class RatingsUploadResponse:
    """What became of uploaded verdicts.

    Attributes:
        stored: Number of verdicts that are there now.
        missing: Number of those that the program gave none for.
    """

    stored: int
    missing: int

    __repr__ = one_line
