from __future__ import annotations

from typing import Literal

from attrs import define


@define(kw_only=True)
class ToolMessage:
    """Result of a tool call. Further fields are kept.

    Attributes:
        role: Always tool.
        content: Text, or a list of parts.
        tool_call_id: Id of the call that this answers.
    """

    role: Literal["tool"]
    content: str | list[ContentPart]
    tool_call_id: str


from ..models.content_part import ContentPart  # noqa: E402
