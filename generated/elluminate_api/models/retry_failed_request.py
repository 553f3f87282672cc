from __future__ import annotations

from attrs import define

from ..models.rating_mode import RatingMode


@define(kw_only=True)
class RetryFailedRequest:
    """How to generate failed responses again. Existing clients send both fields.

    Attributes:
        rating_mode: Effort of the judge.
        discard_annotations: Whether notes and ratings that persons made on failed responses may be lost.
    """

    rating_mode: RatingMode = RatingMode.DETAILED
    discard_annotations: bool = False
