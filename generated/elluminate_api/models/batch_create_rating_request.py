from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..models.rating_mode import RatingMode


@define(kw_only=True)
class BatchCreateRatingRequest:
    """Rate many responses in one background task.

    Attributes:
        rating_mode: How much effort the judge spends. Both modes yield reasoning; some rating versions ignore
            it.
    """

    prompt_response_ids: Annotated[
        list[Annotated[int, Meta(ge=1, le=9007199254740991)]], Meta(max_length=100000)
    ]
    rating_mode: RatingMode = RatingMode.FAST
