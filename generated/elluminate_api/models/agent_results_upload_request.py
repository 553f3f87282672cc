from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class AgentResultsUploadRequest:
    """Trials to append.

    Attributes:
        results: The trials, at most 100000.
        epoch: Number of the run that the trials belong to, 1 to 1000000.
        evaluate: Whether the trajectories are evaluated afterwards. Has no effect when the trials carry
            verdicts.
    """

    results: Annotated[list[AgentTrialResult], Meta(max_length=100000)]
    epoch: Annotated[int, Meta(ge=1, le=1000000)] = 1
    evaluate: bool = True

    __repr__ = one_line


from ..models.agent_trial_result import AgentTrialResult  # noqa: E402
