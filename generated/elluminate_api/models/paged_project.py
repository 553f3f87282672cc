from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class PagedProject:
    """One page of projects.

    Attributes:
        items: Projects of this page.
        count: Number of items over all pages.
    """

    items: list[Project]
    count: Annotated[int, Meta(ge=0)]


from ..models.project import Project  # noqa: E402
