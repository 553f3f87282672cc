from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class ATIFObservationResult:
    """Outcome of one tool call, or of the environment.

    Attributes:
        source_call_id: Id of the tool call of the same step that this is the outcome of.
        content: Text, or a list of parts.
        subagent_trajectory_ref: Trajectories of subagents that did the work. At most 1000.
        extra: Further information.
    """

    source_call_id: Annotated[str, Meta(max_length=255)] | None = None
    content: (
        Annotated[str, Meta(max_length=10000000)]
        | Annotated[list[dict[str, Any]], Meta(max_length=10000)]
        | None
    ) = None
    subagent_trajectory_ref: Annotated[list[ATIFSubagentTrajectoryRef], Meta(max_length=1000)] | None = None
    extra: dict[str, Any] | None = None

    __repr__ = one_line


from ..models.atif_subagent_trajectory_ref import ATIFSubagentTrajectoryRef  # noqa: E402
