from __future__ import annotations

import datetime

from attrs import define, field

from ..models.api_key_role import ApiKeyRole
from ..types import one_line


@define(kw_only=True, repr=False)
class ApiKey:
    """API key of a project.

    Attributes:
        id: Id of the API key.
        name: What the key is for.
        prefix: First characters of the key, to tell keys apart.
        created_at: When the key was made.
        key: The key itself, in the answer to its creation only; null in every other.
        expires_at: From when on the key opens nothing. Null for never.
        revoked_at: When the key was revoked.
        last_used_at: When the key was used last, to within a few minutes. Null for never.
        role: What the key may do.
    """

    id: int
    name: str
    prefix: str
    created_at: datetime.datetime
    key: str | None = field(default=None, repr=False)
    expires_at: datetime.datetime | None = None
    revoked_at: datetime.datetime | None = None
    last_used_at: datetime.datetime | None = None
    role: ApiKeyRole | None = None

    __repr__ = one_line
