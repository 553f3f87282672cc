from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..models.column_type import ColumnType


@define(kw_only=True)
class CollectionColumn:
    """Column of a collection.

    Attributes:
        column_type: Absent in a request means the server picks the type.
        categorical_values: Allowed values of a category column.
    """

    id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    name: str | None = None
    column_type: ColumnType | None = None
    default_value: str | None = ""
    column_position: int | None = 0
    categorical_values: list[str] | None = None
