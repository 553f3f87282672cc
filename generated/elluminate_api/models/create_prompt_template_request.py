from __future__ import annotations

from typing import Annotated, Any

from attrs import define, field
from msgspec import Meta

from ..models.tool_choice_mode import ToolChoiceMode
from ..types import one_line


@define(kw_only=True, repr=False)
class CreatePromptTemplateRequest:
    """A prompt template, or its next version. A prompt that is one text is one user message.

    Attributes:
        name: Name of the template, 1 to 255 characters, not only blanks. Null has the server invent one.
        messages: Messages with placeholders, two braces around a name, in order. At most 10000.
        response_format_json_schema: Response format that the model is held to, in the shape of the OpenAI chat API, for example
            an object with type json_schema and json_schema holding name, schema and strict.
        tools: Tools that are offered to the model. At most 1000.
        tool_choice: Whether the model calls tools, or which one. Only together with tools; null leaves it to the
            model.
        parent_prompt_template_id: Id of the version that this one was made from. Not part of the content.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")] | None = None
    messages: Annotated[list[dict[str, Any]], Meta(max_length=10000)] = field(factory=list)
    response_format_json_schema: dict[str, Any] | None = None
    tools: Annotated[list[FunctionTool], Meta(max_length=1000)] | None = None
    tool_choice: NamedToolChoice | ToolChoiceMode | None = None
    parent_prompt_template_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None

    __repr__ = one_line


from ..models.function_tool import FunctionTool  # noqa: E402
from ..models.named_tool_choice import NamedToolChoice  # noqa: E402
