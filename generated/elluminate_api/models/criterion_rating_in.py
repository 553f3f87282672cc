from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..models.rating_value import RatingValue
from ..types import one_line


@define(kw_only=True, repr=False)
class CriterionRatingIn:
    """Verdict that comes with a trial. At least one of criterion_id and label is given.

    Attributes:
        rating: The verdict.
        criterion_id: Id of the criterion in the definition. A verdict without it is refused.
        label: Short name of the criterion, at most 25 characters. Shown only; may repeat.
        description: Has no effect. At most 10000 characters.
        reasoning: Why. At most 1000000 characters.
    """

    rating: RatingValue
    criterion_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    label: Annotated[str, Meta(max_length=25)] | None = None
    description: Annotated[str, Meta(max_length=10000)] = ""
    reasoning: Annotated[str, Meta(max_length=1000000)] = ""

    __repr__ = one_line
