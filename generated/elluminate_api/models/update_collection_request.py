from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class UpdateCollectionRequest:
    """Changes to a collection. Absent fields stay as they are.

    Attributes:
        name: New or present name. 1 to 255 characters, not only blanks.
        description: New description. At most 10000 characters.
        read_only: Whether rows and columns are locked.
        columns: All columns in the wanted order, at most 1000. A listed column is kept and moved, an unknown
            one is created, one that is left out is removed.
        environment_config: Absent keeps the settings, null clears them, an object replaces them.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    description: Annotated[str, Meta(max_length=10000)] | Unset = UNSET
    read_only: bool | Unset = UNSET
    columns: Annotated[list[CollectionColumn], Meta(max_length=1000)] | Unset = UNSET
    environment_config: dict[str, Any] | None | Unset = UNSET

    __repr__ = one_line


from ..models.collection_column import CollectionColumn  # noqa: E402
