from __future__ import annotations

from typing import Any

from attrs import define


@define(kw_only=True)
class ATIFSubagentTrajectoryRef:
    """Pointer to a subagent's trajectory; trajectory_id or trajectory_path must be non-empty."""

    trajectory_id: str | None = None
    trajectory_path: str | None = None
    session_id: str | None = None
    extra: dict[str, Any] | None = None
