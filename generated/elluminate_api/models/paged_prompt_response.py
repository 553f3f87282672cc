from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class PagedPromptResponse:
    """One page of responses.

    Attributes:
        items: Responses of this page.
        count: Number of items over all pages.
    """

    items: list[PromptResponse]
    count: Annotated[int, Meta(ge=0)]


from ..models.prompt_response import PromptResponse  # noqa: E402
