from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class CreateProjectRequest:
    """A project to create.

    Attributes:
        name: Name, unique in the organization. 1 to 255 characters, not only blanks.
        description: What the project is for. At most 10000 characters.
        organization_id: Id of the organization that will own the project.
        public_in_org: Whether every member of the organization may see the project. Left out, the server decides.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    description: Annotated[str, Meta(max_length=10000)]
    organization_id: Annotated[int, Meta(ge=1, le=9007199254740991)]
    public_in_org: bool | Unset = UNSET

    __repr__ = one_line
