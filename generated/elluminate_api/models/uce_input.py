from __future__ import annotations

from typing import Any

from attrs import define, field

from ..types import one_line


@define(kw_only=True, repr=False)
class UCEInput:
    """Conversation of one row.

    Attributes:
        messages: Messages so far, in order, in the shape of the OpenAI chat API. The model writes the next
            one.
        tools: Tools that are offered to the model.
        tool_choice: Whether the model calls tools, or which one.
        response_format: Response format that the model is held to.
        attachments: Files that belong to the conversation.
        metadata: Further settings, for example how template and conversation are joined.
    """

    messages: list[dict[str, Any]] = field(factory=list)
    tools: list[dict[str, Any]] | None = None
    tool_choice: dict[str, Any] | str | None = None
    response_format: UCEResponseFormat | None = None
    attachments: list[dict[str, Any]] | None = None
    metadata: dict[str, Any] | None = None

    __repr__ = one_line


from ..models.uce_response_format import UCEResponseFormat  # noqa: E402
