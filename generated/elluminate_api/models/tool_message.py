from __future__ import annotations

from typing import Literal

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
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

    __repr__ = one_line


from ..models.content_part import ContentPart  # noqa: E402
