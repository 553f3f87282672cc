from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class ExperimentMap:
    """Overview of an experiment without message texts.

    Attributes:
        experiment_id: Id of the experiment.
        name: Name of the experiment.
        num_samples: Number of samples over all pages.
        num_responses: Number of responses over all pages.
        samples: One page of samples.
    """

    experiment_id: int
    name: str
    num_samples: int
    num_responses: int
    samples: list[ExperimentMapSample]

    __repr__ = one_line


from ..models.experiment_map_sample import ExperimentMapSample  # noqa: E402
