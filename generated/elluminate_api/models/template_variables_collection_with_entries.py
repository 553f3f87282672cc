from __future__ import annotations

import datetime
from typing import Any

from attrs import define, field

from ..models.collection_type import CollectionType


@define(kw_only=True)
class TemplateVariablesCollectionWithEntries:
    """Set of test cases including every row.

    Attributes:
        collection_type: Kind of collection.
    """

    id: int
    name: str
    variables: list[TemplateVariables]
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
from ..models.template_variables import TemplateVariables  # noqa: E402
