from __future__ import annotations

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset

from ..models.rating_mode import RatingMode
from ..types import one_line


@define(kw_only=True, repr=False)
class RetryFailedRequest:
    """How to bring what is missing. Existing clients send both fields.

    Attributes:
        rating_mode: Effort of the judge. When it is absent, this server keeps that of the run, and others may
            take `detailed`.
        discard_annotations: Whether notes and ratings that persons made on failed responses may be lost.
    """

    rating_mode: RatingMode | Unset = UNSET
    discard_annotations: bool = False

    __repr__ = one_line
