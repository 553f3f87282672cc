from __future__ import annotations

from typing import Literal

from attrs import define


@define(kw_only=True)
class FunctionMessage:
    """Legacy function result turn. Not accepted inside PromptResponse.messages."""

    role: Literal["function"]
    name: str
    content: str | None
