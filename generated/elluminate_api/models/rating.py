from __future__ import annotations

import datetime

from attrs import define

from ..models.rating_value import RatingValue


@define(kw_only=True)
class Rating:
    """Verdict on one response for one criterion.

    Attributes:
        criterion: One yes/no question.
        rating: Verdict for one criterion.
    """

    id: int
    criterion: Criterion
    rating: RatingValue
    created_at: datetime.datetime
    reasoning: str | None = None
    generation_metadata: GenerationMetadata | None = None


from ..models.criterion import Criterion  # noqa: E402
from ..models.generation_metadata import GenerationMetadata  # noqa: E402
