from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class PagedProject:
    """One page of projects.

    Attributes:
        items: Projects of this page.
        count: Number of items over all pages.
    """

    items: list[Project]
    count: Annotated[int, Meta(ge=0)]

    __repr__ = one_line


from ..models.project import Project  # noqa: E402
