from __future__ import annotations

from attrs import define

from ..models.rating_mode import RatingMode


@define(kw_only=True)
class RetryFailedRequest:
    """Regeneration of failed responses; both keys are always sent.

    Attributes:
        rating_mode: How much effort the judge spends. Both modes yield reasoning; some rating versions ignore
            it.
        discard_annotations: Consent to lose human notes and hand-made ratings attached to failures.
    """

    rating_mode: RatingMode = RatingMode.DETAILED
    discard_annotations: bool = False
