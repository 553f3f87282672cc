from __future__ import annotations

import datetime

from attrs import define, field


@define(kw_only=True)
class ScenarioSet:
    """Samples of a Persona experiment."""

    id: int
    name: str
    description: str = ""
    fields: list[ScenarioField] = field(factory=list)
    scenarios_count: int = 0
    version: str | None = None
    read_only: bool = False
    is_platform_builtin: bool = False
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None


from ..models.scenario_field import ScenarioField  # noqa: E402
