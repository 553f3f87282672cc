from __future__ import annotations

import datetime
from typing import Any

from attrs import define, field


@define(kw_only=True)
class Prompt:
    """A template rendered with one row.

    Attributes:
        template_variables: One row of a collection.
        messages: Rendered messages.
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


from ..models.prompt_template import PromptTemplate  # noqa: E402
from ..models.template_variables import TemplateVariables  # noqa: E402
