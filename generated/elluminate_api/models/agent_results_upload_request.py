from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class AgentResultsUploadRequest:
    """Trials to append; one request, not chunked.

    Attributes:
        evaluate: Start trajectory evaluation after storing.
    """

    results: Annotated[list[AgentTrialResult], Meta(max_length=100000)]
    epoch: Annotated[int, Meta(ge=1, le=1000000)] = 1
    evaluate: bool = True


from ..models.agent_trial_result import AgentTrialResult  # noqa: E402
