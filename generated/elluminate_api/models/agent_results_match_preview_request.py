from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class AgentResultsMatchPreviewRequest:
    """Trials to match, in the order of an upload.

    Attributes:
        results: Tasks of the trials, at most 100000.
    """

    results: Annotated[list[AgentTrialTaskRef], Meta(max_length=100000)]

    __repr__ = one_line


from ..models.agent_trial_task_ref import AgentTrialTaskRef  # noqa: E402
