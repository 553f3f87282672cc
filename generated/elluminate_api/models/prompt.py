from __future__ import annotations

import datetime
from typing import Any

from attrs import define, field

from ..types import one_line


@define(kw_only=True, repr=False)
class Prompt:
    """A prompt template filled with one row.

    Attributes:
        id: Id of the prompt.
        template_variables: The row.
        created_at: When the prompt was created.
        prompt_template: The template version. Null where the row itself holds the prompt.
        messages: The filled messages, in order.
        resolved_tools: Tools that were offered to the model.
        resolved_tool_choice: Tool choice that the model was given.
        resolved_response_format: Response format that the model was held to.
        is_stale: True when the row changed after the prompt was filled.
    """

    id: int
    template_variables: TemplateVariables
    created_at: datetime.datetime
    prompt_template: PromptTemplate | None = None
    messages: list[dict[str, Any]] = field(factory=list)
    resolved_tools: list[dict[str, Any]] | None = None
    resolved_tool_choice: dict[str, Any] | str | None = None
    resolved_response_format: dict[str, Any] | None = None
    is_stale: bool = False

    __repr__ = one_line


from ..models.prompt_template import PromptTemplate  # noqa: E402
from ..models.template_variables import TemplateVariables  # noqa: E402
