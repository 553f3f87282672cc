from __future__ import annotations

from attrs import define


@define(kw_only=True)
class ExperimentMap:
    """Overview of an experiment without message bodies; samples holds one page."""

    experiment_id: int
    name: str
    num_samples: int
    num_responses: int
    samples: list[ExperimentMapSample]


from ..models.experiment_map_sample import ExperimentMapSample  # noqa: E402
