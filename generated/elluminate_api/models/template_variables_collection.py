from __future__ import annotations

import datetime
from typing import Any

from attrs import define, field

from ..models.collection_type import CollectionType
from ..types import one_line


@define(kw_only=True, repr=False)
class TemplateVariablesCollection:
    """Named set of test cases, without its rows.

    Attributes:
        id: Id of the collection.
        name: Name, unique in the project, shared with scenario sets.
        description: What the collection is for. May be empty.
        columns: Columns in order.
        variables_count: Number of rows.
        read_only: True while rows and columns are locked.
        created_at: When the collection was created.
        updated_at: When the collection or one of its rows last changed.
        version: Version of the content, opaque. Null where the server keeps none.
        collection_type: Kind of the collection.
        environment_config: Settings for agents that work on the rows; a row's own settings count before these.
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

    __repr__ = one_line


from ..models.collection_column import CollectionColumn  # noqa: E402
