from __future__ import annotations

from attrs import define

from ..models.rating_mode import RatingMode
from ..types import one_line


@define(kw_only=True, repr=False)
class RetryFailedRequest:
    """How to generate failed responses again. Existing clients send both fields.

    Attributes:
        rating_mode: Effort of the judge.
        discard_annotations: Whether notes and ratings that persons made on failed responses may be lost.
    """

    rating_mode: RatingMode = RatingMode.DETAILED
    discard_annotations: bool = False

    __repr__ = one_line
