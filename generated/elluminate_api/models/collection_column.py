from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..models.column_type import ColumnType
from ..types import one_line


@define(kw_only=True, repr=False)
class CollectionColumn:
    """Column of a collection.

    Attributes:
        id: Id of the column. Absent or null for a column that does not exist yet.
        name: Name of the column; placeholders use it. Unique in the collection.
        column_type: What the values are. Absent or null in a request, the server picks it.
        default_value: Value of rows that do not give one.
        column_position: Position, counted from 0. In requests the order of the list counts instead.
        categorical_values: Allowed values of a category column.
    """

    id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    name: str | None = None
    column_type: ColumnType | None = None
    default_value: str | None = ""
    column_position: int | None = 0
    categorical_values: list[str] | None = None

    __repr__ = one_line
