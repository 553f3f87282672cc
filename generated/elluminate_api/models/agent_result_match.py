from __future__ import annotations

from attrs import define


@define(kw_only=True)
class AgentResultMatch:
    """Task of one trial, or why there is none.

    Attributes:
        reason: null means matched.
    """

    index: int
    task_id: int | None = None
    task_name: str | None = None
    reason: str | None = None
