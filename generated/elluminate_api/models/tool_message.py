from __future__ import annotations

from typing import Literal

from attrs import define


@define(kw_only=True)
class ToolMessage:
    """Tool result turn."""

    role: Literal["tool"]
    content: str | list[ContentPart]
    tool_call_id: str


from ..models.content_part import ContentPart  # noqa: E402
