from __future__ import annotations

from attrs import define


@define(kw_only=True)
class ATIFObservation:
    """What a step observed."""

    results: list[ATIFObservationResult]


from ..models.atif_observation_result import ATIFObservationResult  # noqa: E402
