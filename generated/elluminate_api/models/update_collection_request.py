from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset


@define(kw_only=True)
class UpdateCollectionRequest:
    """Changes to a collection; name is always sent.

    Attributes:
        columns: Complete column list in the wanted order. A listed existing column is kept and moved, an
            unknown one is created, an unlisted one is dropped.
        environment_config: Absent leaves it, null clears it, an object sets it.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    description: Annotated[str, Meta(max_length=10000)] | Unset = UNSET
    read_only: bool | Unset = UNSET
    columns: Annotated[list[CollectionColumn], Meta(max_length=1000)] | Unset = UNSET
    environment_config: dict[str, Any] | None | Unset = UNSET


from ..models.collection_column import CollectionColumn  # noqa: E402
