from __future__ import annotations

import datetime
from typing import Annotated

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..models.api_key_role import ApiKeyRole
from ..types import one_line


@define(kw_only=True, repr=False)
class CreateApiKeyRequest:
    """An API key to create.

    Attributes:
        name: What the key is for. 1 to 255 characters, not only blanks. Need not be unique.
        expires_at: From when on the key opens nothing, in the future; UTC where no zone is given. Absent or
            null for never.
        role: What the key may do. Absent or null for everything, as an admin.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    expires_at: datetime.datetime | None = None
    role: ApiKeyRole | None | Unset = UNSET

    __repr__ = one_line
