from __future__ import annotations

from typing import Any

from attrs import define


@define(kw_only=True)
class ATIFObservationResult:
    """Outcome of one tool call."""

    source_call_id: str | None = None
    content: str | list[dict[str, Any]] | None = None
    subagent_trajectory_ref: list[ATIFSubagentTrajectoryRef] | None = None
    extra: dict[str, Any] | None = None


from ..models.atif_subagent_trajectory_ref import ATIFSubagentTrajectoryRef  # noqa: E402
