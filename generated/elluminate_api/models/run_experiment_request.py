from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..models.rating_mode import RatingMode
from ..types import one_line


@define(kw_only=True, repr=False)
class RunExperimentRequest:
    """How to run an experiment.

    Attributes:
        rating_mode: Effort of the judge.
        n_epochs: Number of runs over the collection, 1 to 1000.
        generation_params: Sampling of this run. Left out, the experiment's own.
        template_variables_ids: Ids of the rows to run over, at most 100000, all of them of the experiment's collection.
            Left out, all rows.
    """

    rating_mode: RatingMode = RatingMode.DETAILED
    n_epochs: Annotated[int, Meta(ge=1, le=1000)] = 1
    generation_params: GenerationParams | Unset = UNSET
    template_variables_ids: (
        Annotated[
            list[Annotated[int, Meta(ge=1, le=9007199254740991)]], Meta(min_length=1, max_length=100000)
        ]
        | Unset
    ) = UNSET

    __repr__ = one_line


from ..models.generation_params import GenerationParams  # noqa: E402
