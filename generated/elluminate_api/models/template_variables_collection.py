from __future__ import annotations

import datetime
from typing import Any

from attrs import define, field

from ..models.collection_type import CollectionType


@define(kw_only=True)
class TemplateVariablesCollection:
    """Set of test cases, without its rows.

    Attributes:
        collection_type: Kind of collection.
    """

    id: int
    name: str
    description: str = ""
    columns: list[CollectionColumn] = field(factory=list)
    variables_count: int = 0
    read_only: bool = False
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
    version: str | None = None
    collection_type: CollectionType = CollectionType.STANDARD
    environment_config: dict[str, Any] | None = None


from ..models.collection_column import CollectionColumn  # noqa: E402
