from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..models.rating_mode import RatingMode


@define(kw_only=True)
class CreateRatingRequest:
    """Rate one response now.

    Attributes:
        rating_mode: How much effort the judge spends. Both modes yield reasoning; some rating versions ignore
            it.
    """

    prompt_response_id: Annotated[int, Meta(ge=1, le=9007199254740991)]
    rating_mode: RatingMode = RatingMode.FAST
