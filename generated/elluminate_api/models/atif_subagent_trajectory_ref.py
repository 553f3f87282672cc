from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class ATIFSubagentTrajectoryRef:
    """Reference to the trajectory of a subagent. One of trajectory_id and trajectory_path is not empty.

    Attributes:
        trajectory_id: Id of an embedded trajectory.
        trajectory_path: Path of a trajectory that is kept elsewhere.
        session_id: Session of the subagent.
        extra: Further information.
    """

    trajectory_id: Annotated[str, Meta(max_length=255)] | None = None
    trajectory_path: Annotated[str, Meta(max_length=2048)] | None = None
    session_id: Annotated[str, Meta(max_length=255)] | None = None
    extra: dict[str, Any] | None = None

    __repr__ = one_line
