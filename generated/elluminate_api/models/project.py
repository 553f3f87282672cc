from __future__ import annotations

import datetime

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class Project:
    """Container of every other resource.

    Attributes:
        id: Id of the project.
        name: Name, unique in its organization.
        description: What the project is for. May be empty.
        organization: Owner of the project.
        created_at: When the project was created.
        updated_at: When the project last changed.
        public_in_org: True when every member of the organization, guests aside, may see the project.
    """

    id: int
    name: str
    description: str
    organization: Organization
    created_at: datetime.datetime
    updated_at: datetime.datetime
    public_in_org: bool = False

    __repr__ = one_line


from ..models.organization import Organization  # noqa: E402
