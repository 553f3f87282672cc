from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class ScenarioField:
    """Field that every scenario of a set has.

    Attributes:
        id: Id of the field.
        name: Name of the field, unique in the set.
        field_type: Kind of the values, chosen by the server. text, category or json; readers take any text.
        default_value: Value of scenarios that do not give one.
    """

    id: int
    name: str
    field_type: str
    default_value: str = ""

    __repr__ = one_line
