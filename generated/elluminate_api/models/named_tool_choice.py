from __future__ import annotations

from attrs import define

from ..models.named_tool_choice_type import NamedToolChoiceType


@define(kw_only=True)
class NamedToolChoice:
    """Forces one tool."""

    type: NamedToolChoiceType
    function: ToolChoiceFunction | None = None


from ..models.tool_choice_function import ToolChoiceFunction  # noqa: E402
