from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class AgentResultsMatchPreviewRequest:
    """Trials to match, in the order of an upload.

    Attributes:
        results: Tasks of the trials, at most 100000.
    """

    results: Annotated[list[AgentTrialTaskRef], Meta(max_length=100000)]


from ..models.agent_trial_task_ref import AgentTrialTaskRef  # noqa: E402
