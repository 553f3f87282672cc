from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..models.collection_type import CollectionType
from ..types import one_line


@define(kw_only=True, repr=False)
class CreateCollectionRequest:
    """A collection to create, optionally with columns and rows.

    Attributes:
        name: Name, unique in the project. 1 to 255 characters, not only blanks. Left out, the server
            invents one.
        description: What the collection is for. At most 10000 characters.
        variables: First rows, each an object from column name to value. At most 1000000.
        columns: Columns in order. At most 1000.
        read_only: Whether rows and columns are locked from the start.
        collection_type: Kind of the collection.
        environment_config: Settings for agents that work on the rows.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")] | Unset = UNSET
    description: Annotated[str, Meta(max_length=10000)] = ""
    variables: Annotated[list[dict[str, Any]], Meta(max_length=1000000)] | Unset = UNSET
    columns: Annotated[list[CollectionColumn], Meta(max_length=1000)] | Unset = UNSET
    read_only: bool = False
    collection_type: CollectionType = CollectionType.STANDARD
    environment_config: dict[str, Any] | Unset = UNSET

    __repr__ = one_line


from ..models.collection_column import CollectionColumn  # noqa: E402
