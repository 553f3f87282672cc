from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class PagedApiKey:
    """One page of API keys.

    Attributes:
        items: API keys of this page.
        count: Number of items over all pages.
    """

    items: list[ApiKey]
    count: Annotated[int, Meta(ge=0)]

    __repr__ = one_line


from ..models.api_key import ApiKey  # noqa: E402
