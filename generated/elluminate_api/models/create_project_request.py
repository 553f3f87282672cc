from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset


@define(kw_only=True)
class CreateProjectRequest:
    """New project.

    Attributes:
        organization_id: Taken by the SDK from the active project's organization.
        public_in_org: Left out of the body when the caller does not set it; the server default then applies.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    description: Annotated[str, Meta(max_length=10000)]
    organization_id: Annotated[int, Meta(ge=1, le=9007199254740991)]
    public_in_org: bool | Unset = UNSET
