from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..models.rating_mode import RatingMode
from ..types import one_line


@define(kw_only=True, repr=False)
class CreateRatingRequest:
    """A response to rate now.

    Attributes:
        prompt_response_id: Id of the response.
        rating_mode: Effort of the judge. Existing clients send detailed unless told otherwise.
    """

    prompt_response_id: Annotated[int, Meta(ge=1, le=9007199254740991)]
    rating_mode: RatingMode = RatingMode.FAST

    __repr__ = one_line
