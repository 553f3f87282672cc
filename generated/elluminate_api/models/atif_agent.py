from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class ATIFAgent:
    """Agent that ran.

    Attributes:
        name: Name of the agent, 1 to 255 characters.
        version: Version of the agent. At most 255 characters.
        model_name: Model that the agent used unless a step says otherwise. At most 256 characters.
        tool_definitions: Tools of the agent, in the shape of the OpenAI chat API. At most 10000.
        extra: Further information.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    version: Annotated[str, Meta(max_length=255)]
    model_name: Annotated[str, Meta(max_length=256)] | None = None
    tool_definitions: Annotated[list[dict[str, Any]], Meta(max_length=10000)] | None = None
    extra: dict[str, Any] | None = None

    __repr__ = one_line
