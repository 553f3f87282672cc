from __future__ import annotations

import datetime
from typing import Any

from attrs import define, field

from ..models.tool_choice_mode import ToolChoiceMode
from ..types import one_line


@define(kw_only=True, repr=False)
class PromptTemplate:
    """One version of a named prompt template. Its content never changes.

    Attributes:
        id: Id of this version.
        name: Name of the template, shared by its versions.
        version: Number of this version, counted from 1.
        messages: Messages with placeholders, two braces around a name, in order.
        placeholders: Names of the placeholders in the messages, each once, in no particular order.
        response_format_json_schema: Response format that the model is held to, in the shape of the OpenAI chat API.
        tools: Tools that are offered to the model.
        tool_choice: Whether the model calls tools, or which one. Null leaves it to the model.
        criterion_set_id: Id of the linked criterion set, which experiments use when they name none.
        created_at: When this version was created.
        updated_at: When the link of this version last changed.
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

    __repr__ = one_line


from ..models.function_tool import FunctionTool  # noqa: E402
from ..models.named_tool_choice import NamedToolChoice  # noqa: E402
