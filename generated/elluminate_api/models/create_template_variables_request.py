from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class CreateTemplateVariablesRequest:
    """A row to add. Exactly one of input_values and prompt_template_id is given.

    Attributes:
        input_values: Column name to value, to store a row as given.
        prompt_template_id: Id of the template version for whose placeholders a model writes the values.
        environment_config: Settings for an agent that works on this row.
    """

    input_values: dict[str, Any] | None = None
    prompt_template_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    environment_config: dict[str, Any] | None = None

    __repr__ = one_line
