from __future__ import annotations

import datetime

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset

from ..models.rating_origin import RatingOrigin
from ..models.rating_value import RatingValue
from ..types import one_line


@define(kw_only=True, repr=False)
class Rating:
    """Verdict of the judge on one response for one criterion.

    Attributes:
        id: Id of the rating.
        criterion: The criterion, in the wording that was judged.
        rating: The verdict.
        created_at: When the verdict was given.
        reasoning: Why, in the judge's words. Null where the judge gave none.
        generation_metadata: How the verdict came about. Null where no model gave it.
        origin: Who gave the verdict.
        labels: What people said of the same response by the same criterion. Null where nobody did.
    """

    id: int
    criterion: Criterion
    rating: RatingValue
    created_at: datetime.datetime
    reasoning: str | None = None
    generation_metadata: GenerationMetadata | None = None
    origin: RatingOrigin | Unset = UNSET
    labels: list[Label] | None = None

    __repr__ = one_line


from ..models.criterion import Criterion  # noqa: E402
from ..models.generation_metadata import GenerationMetadata  # noqa: E402
from ..models.label import Label  # noqa: E402
