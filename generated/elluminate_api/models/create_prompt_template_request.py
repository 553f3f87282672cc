from __future__ import annotations

from typing import Annotated, Any

from attrs import define, field
from msgspec import Meta

from ..models.tool_choice_mode import ToolChoiceMode


@define(kw_only=True)
class CreatePromptTemplateRequest:
    """New template or new version. A plain string prompt arrives as a single user message.

    Attributes:
        response_format_json_schema: Any OpenAI response_format object; from a Pydantic class it is {type: json_schema,
            json_schema: {name, schema, strict: true}}.
        tool_choice: Only together with tools.
        parent_prompt_template_id: Version this one derives from.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")] | None = None
    messages: Annotated[list[dict[str, Any]], Meta(max_length=10000)] = field(factory=list)
    response_format_json_schema: dict[str, Any] | None = None
    tools: list[FunctionTool] | None = None
    tool_choice: NamedToolChoice | ToolChoiceMode | None = None
    parent_prompt_template_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None


from ..models.function_tool import FunctionTool  # noqa: E402
from ..models.named_tool_choice import NamedToolChoice  # noqa: E402
