from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class ATIFTrajectory:
    """Agent trajectory in the ATIF format.

    Attributes:
        agent: Agent that ran.
        trajectory_id: Required, non-empty and unique on an embedded trajectory.
    """

    schema_version: Annotated[str, Meta(pattern=r"^ATIF-v1\.\d+$")]
    agent: ATIFAgent
    steps: Annotated[list[ATIFStep], Meta(max_length=10000)]
    trajectory_id: str | None = None
    session_id: str | None = None
    final_metrics: ATIFFinalMetrics | None = None
    notes: str | None = None
    continued_trajectory_ref: str | None = None
    subagent_trajectories: Annotated[list[ATIFTrajectory], Meta(max_length=1000)] | None = None
    extra: dict[str, Any] | None = None


from ..models.atif_agent import ATIFAgent  # noqa: E402
from ..models.atif_final_metrics import ATIFFinalMetrics  # noqa: E402
from ..models.atif_step import ATIFStep  # noqa: E402
