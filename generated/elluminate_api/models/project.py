from __future__ import annotations

import datetime

from attrs import define


@define(kw_only=True)
class Project:
    """Root container of every other resource.

    Attributes:
        organization: Owner of projects.
    """

    id: int
    name: str
    description: str
    organization: Organization
    created_at: datetime.datetime
    updated_at: datetime.datetime
    public_in_org: bool = False


from ..models.organization import Organization  # noqa: E402
