from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..models.rating_mode import RatingMode


@define(kw_only=True)
class RunExperimentRequest:
    """Start of a created experiment.

    Attributes:
        rating_mode: How much effort the judge spends. Both modes yield reasoning; some rating versions ignore
            it.
        generation_params: Sampling overrides of one experiment. The bounds and the exclusion of temperature with
            reasoning_effort are enforced on read too.
    """

    rating_mode: RatingMode = RatingMode.DETAILED
    n_epochs: Annotated[int, Meta(ge=1, le=1000)] = 1
    generation_params: GenerationParams | Unset = UNSET


from ..models.generation_params import GenerationParams  # noqa: E402
