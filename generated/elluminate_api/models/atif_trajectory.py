from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class ATIFTrajectory:
    """What an agent did, step by step, in the Agent Trajectory Interchange Format, version 1 (the Harbor
    project's RFC 0001).

    Attributes:
        schema_version: ATIF-v1. and a number.
        agent: Agent that ran.
        steps: The steps in order, at most 10000.
        trajectory_id: Id of the trajectory. Needed, not empty and unique when embedded in another. At most 255
            characters.
        session_id: Session of the agent. At most 255 characters.
        final_metrics: Cost of the whole trajectory.
        notes: Remarks.
        continued_trajectory_ref: Where the trajectory goes on. At most 2048 characters.
        subagent_trajectories: Embedded trajectories of subagents, at most 1000.
        extra: Further information.
    """

    schema_version: Annotated[str, Meta(pattern=r"^ATIF-v1\.\d+$")]
    agent: ATIFAgent
    steps: Annotated[list[ATIFStep], Meta(max_length=10000)]
    trajectory_id: Annotated[str, Meta(max_length=255)] | None = None
    session_id: Annotated[str, Meta(max_length=255)] | None = None
    final_metrics: ATIFFinalMetrics | None = None
    notes: Annotated[str, Meta(max_length=1000000)] | None = None
    continued_trajectory_ref: Annotated[str, Meta(max_length=2048)] | None = None
    subagent_trajectories: Annotated[list[ATIFTrajectory], Meta(max_length=1000)] | None = None
    extra: dict[str, Any] | None = None

    __repr__ = one_line


from ..models.atif_agent import ATIFAgent  # noqa: E402
from ..models.atif_final_metrics import ATIFFinalMetrics  # noqa: E402
from ..models.atif_step import ATIFStep  # noqa: E402
