from __future__ import annotations

from attrs import define


@define(kw_only=True)
class AgentResultTaskRefOut:
    """Task an upload may name."""

    task_id: int
    task_name: str
