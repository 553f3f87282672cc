from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..models.rating_value import RatingValue


@define(kw_only=True)
class CriterionRatingIn:
    """Verdict supplied with an upload; criterion_id or label is non-null.

    Attributes:
        rating: Verdict for one criterion.
        criterion_id: Frozen id from the definition; the server refuses a rating that gives only a label.
        label: Shown only.
        description: Ignored by the server.
    """

    rating: RatingValue
    criterion_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    label: Annotated[str, Meta(max_length=25)] | None = None
    description: Annotated[str, Meta(max_length=10000)] = ""
    reasoning: str = ""
