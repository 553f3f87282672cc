from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class PagedLLMConfig:
    """One page of LLM configs.

    Attributes:
        items: LLM configs of this page.
        count: Number of items over all pages.
    """

    items: list[LLMConfig]
    count: Annotated[int, Meta(ge=0)]

    __repr__ = one_line


from ..models.llm_config import LLMConfig  # noqa: E402
