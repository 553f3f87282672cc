from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class CreateTemplateVariablesRequest:
    """New row. Exactly one of input_values and prompt_template_id is non-null.

    Attributes:
        input_values: Manual mode.
        prompt_template_id: Generation mode: the server's LLM writes the row for this template.
    """

    input_values: dict[str, Any] | None = None
    prompt_template_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    environment_config: dict[str, Any] | None = None
