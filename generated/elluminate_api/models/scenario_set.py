from __future__ import annotations

import datetime

from attrs import define, field

from ..types import one_line


@define(kw_only=True, repr=False)
class ScenarioSet:
    """Named set of scenarios.

    Attributes:
        id: Id of the scenario set.
        name: Name, unique in the project, shared with collections.
        description: What the set is for. May be empty.
        fields: Fields that the scenarios have besides goal and expected_conversation_outcome.
        scenarios_count: Number of scenarios.
        version: Version of the content, opaque. Null where the server keeps none.
        read_only: True while the set is locked.
        is_platform_builtin: True when the set came with the server.
        created_at: When the set was created.
        updated_at: When the set or one of its scenarios last changed.
    """

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

    __repr__ = one_line


from ..models.scenario_field import ScenarioField  # noqa: E402
