from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class PagedLLMConfig:
    """One page of LLM configs.

    Attributes:
        items: LLM configs of this page.
        count: Number of items over all pages.
    """

    items: list[LLMConfig]
    count: Annotated[int, Meta(ge=0)]


from ..models.llm_config import LLMConfig  # noqa: E402
