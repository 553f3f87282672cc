from __future__ import annotations

import datetime

from attrs import define

from ..models.rating_value import RatingValue
from ..types import one_line


@define(kw_only=True, repr=False)
class EarlierRating:
    """A verdict of the judge that a later one has replaced.

    Attributes:
        id: Id of this line. Verdicts that were replaced later have higher ones.
        experiment_id: Id of the response's experiment.
        response_id: Id of the response.
        criterion_id: Id of the criterion, in the wording that was judged.
        rating: The verdict.
        created_at: When the verdict was given.
        replaced_at: When the next verdict was given.
        reasoning: Why, in the judge's words. Null where the judge gave none.
        generation_metadata: How the verdict came about, with the model that gave it.
        rating_version: The experiment's `rating_version` when the verdict was replaced. Null for none.
    """

    id: int
    experiment_id: int
    response_id: int
    criterion_id: int
    rating: RatingValue
    created_at: datetime.datetime
    replaced_at: datetime.datetime
    reasoning: str | None = None
    generation_metadata: GenerationMetadata | None = None
    rating_version: str | None = None

    __repr__ = one_line


from ..models.generation_metadata import GenerationMetadata  # noqa: E402
