from __future__ import annotations

import datetime
from typing import Any

from attrs import define, field

from ..models.tool_choice_mode import ToolChoiceMode


@define(kw_only=True)
class PromptTemplate:
    """One immutable version of a named template.

    Attributes:
        version: 1 for the first version of a name.
        placeholders: Variable names found in the messages, unordered.
        response_format_json_schema: OpenAI response_format object.
        criterion_set_id: Linked criterion set, if any.
    """

    id: int
    name: str
    version: int
    messages: list[dict[str, Any]] = field(factory=list)
    placeholders: set[str] = field(factory=set)
    response_format_json_schema: dict[str, Any] | None = None
    tools: list[FunctionTool] | None = None
    tool_choice: NamedToolChoice | ToolChoiceMode | None = None
    criterion_set_id: int | None = None
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None


from ..models.function_tool import FunctionTool  # noqa: E402
from ..models.named_tool_choice import NamedToolChoice  # noqa: E402
