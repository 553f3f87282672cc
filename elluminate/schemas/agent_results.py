"""Results of agents that ran elsewhere: what is uploaded, and how it matches the collection's tasks."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define
from elluminate_api import models as api

DEFAULT_EVALUATION_POLLING_INTERVAL = 3.0
"""Seconds between two looks at an evaluation, unless told otherwise."""

ATIFContentPart: TypeAlias = api.ATIFTextContentPart | api.ATIFImageContentPart
"""A part of a step's message or of an observation: text, or an image."""

if TYPE_CHECKING:
    _Trajectory: TypeAlias = dict[str, Any] | api.ATIFTrajectory | None
else:  # a decoder could not tell the two apart, and has no need to
    _Trajectory = dict[str, Any] | None


@define(kw_only=True)
class AgentTrialResult(api.AgentTrialResult):
    """What one trial of an agent came to: its transcript, its measures, and verdicts made elsewhere.

    It names its task by `task_id` or by `task_name`. `trajectory` is an ATIF trajectory (v1.7 or v1.8), as an object
    or as plain data.
    """

    trajectory: _Trajectory = None  # type: ignore[assignment]


@define(kw_only=True)
class AgentResultMatch(api.AgentResultMatch):
    """The task that one uploaded result belongs to, or the reason why there is none."""

    @property
    def matched(self) -> bool:
        """Whether it belongs to a task."""
        return self.task_id is not None


@define(kw_only=True)
class AgentResultsMatchPreview(api.AgentResultsMatchPreview):
    """How results would match the collection's tasks, without storing anything."""

    results: list[AgentResultMatch]  # type: ignore[assignment]

    @property
    def unmatched_results(self) -> list[AgentResultMatch]:
        """Those that belong to no task."""
        return [result for result in self.results if not result.matched]
