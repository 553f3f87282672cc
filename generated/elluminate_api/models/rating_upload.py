from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..models.rating_value import RatingValue
from ..types import one_line


@define(kw_only=True, repr=False)
class RatingUpload:
    """A verdict that a program gave, or why it gave none.

    Attributes:
        response_id: Id of the response.
        criterion_id: Id of the criterion.
        rating: The verdict. Null where the program gave none.
        reasoning: Why, or why there is no verdict; at most 10000 characters.
    """

    response_id: Annotated[int, Meta(ge=1, le=9007199254740991)]
    criterion_id: Annotated[int, Meta(ge=1, le=9007199254740991)]
    rating: RatingValue | None = None
    reasoning: Annotated[str, Meta(max_length=10000)] | None = None

    __repr__ = one_line
