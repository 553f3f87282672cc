from __future__ import annotations

from typing import Annotated, Any

from attrs import define, field
from msgspec import Meta


@define(kw_only=True)
class CreatePromptResponseRequest:
    """Response to store or to generate.

    Attributes:
        llm_config_id: Used for generation only.
        messages: Empty asks for generation; a non-empty list has to include an answer, that is an assistant
            or a tool turn.
    """

    template_variables_id: Annotated[int, Meta(ge=1, le=9007199254740991)]
    experiment_id: Annotated[int, Meta(ge=1, le=9007199254740991)]
    epoch: Annotated[int, Meta(ge=1, le=1000000)] = 1
    llm_config_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    messages: list[dict[str, Any]] = field(factory=list)
    metadata: GenerationMetadata | None = None


from ..models.generation_metadata import GenerationMetadata  # noqa: E402
