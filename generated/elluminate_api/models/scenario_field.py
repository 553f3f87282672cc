from __future__ import annotations

from attrs import define


@define(kw_only=True)
class ScenarioField:
    """Extra field every scenario of a set carries.

    Attributes:
        field_type: text, category or json; the SDK accepts any string.
    """

    id: int
    name: str
    field_type: str
    default_value: str = ""
