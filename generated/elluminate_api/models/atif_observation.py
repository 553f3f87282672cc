from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class ATIFObservation:
    """What an agent saw after a step.

    Attributes:
        results: Outcomes in order. At most 10000.
    """

    results: Annotated[list[ATIFObservationResult], Meta(max_length=10000)]

    __repr__ = one_line


from ..models.atif_observation_result import ATIFObservationResult  # noqa: E402
