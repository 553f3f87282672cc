from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class PagedPromptResponse:
    """One page of responses.

    Attributes:
        items: Responses of this page.
        count: Number of items over all pages.
    """

    items: list[PromptResponse]
    count: Annotated[int, Meta(ge=0)]

    __repr__ = one_line


from ..models.prompt_response import PromptResponse  # noqa: E402
