from __future__ import annotations

from typing import Any

from attrs import define, field


@define(kw_only=True)
class UCEInput:
    """Conversation carried by one row."""

    messages: list[dict[str, Any]] = field(factory=list)
    tools: list[dict[str, Any]] | None = None
    tool_choice: dict[str, Any] | str | None = None
    response_format: UCEResponseFormat | None = None
    attachments: list[dict[str, Any]] | None = None
    metadata: dict[str, Any] | None = None


from ..models.uce_response_format import UCEResponseFormat  # noqa: E402
