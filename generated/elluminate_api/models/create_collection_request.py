from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..models.collection_type import CollectionType


@define(kw_only=True)
class CreateCollectionRequest:
    """New collection.

    Attributes:
        name: The schema allows leaving it out; the SDK method always passes it.
        variables: Initial rows, each a map from column name to value.
        collection_type: Kind of collection.
        environment_config: Any JSON object.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")] | Unset = UNSET
    description: Annotated[str, Meta(max_length=10000)] = ""
    variables: Annotated[list[dict[str, Any]], Meta(max_length=1000000)] | Unset = UNSET
    columns: Annotated[list[CollectionColumn], Meta(max_length=1000)] | Unset = UNSET
    read_only: bool = False
    collection_type: CollectionType = CollectionType.STANDARD
    environment_config: dict[str, Any] | Unset = UNSET


from ..models.collection_column import CollectionColumn  # noqa: E402
