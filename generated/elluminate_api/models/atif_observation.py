from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class ATIFObservation:
    """What an agent saw after a step.

    Attributes:
        results: Outcomes in order. At most 10000.
    """

    results: Annotated[list[ATIFObservationResult], Meta(max_length=10000)]


from ..models.atif_observation_result import ATIFObservationResult  # noqa: E402
