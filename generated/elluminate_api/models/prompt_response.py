from __future__ import annotations

import datetime
from typing import Any

from attrs import define, field


@define(kw_only=True)
class PromptResponse:
    """Output for one prompt in one epoch.

    Attributes:
        prompt: A template rendered with one row.
        generation_metadata: Key must be present.
        error: Key must be present; non-null marks a failed generation, messages may still hold a partial
            transcript.
        trajectory: ATIF document of an agent run.
    """

    id: int
    prompt: Prompt
    messages: list[dict[str, Any]]
    generation_metadata: GenerationMetadata | None
    error: str | None
    epoch: int
    created_at: datetime.datetime
    termination_reason: str | None = None
    ratings: list[Rating] = field(factory=list)
    trajectory: dict[str, Any] | None = None
    annotation: str = ""


from ..models.generation_metadata import GenerationMetadata  # noqa: E402
from ..models.prompt import Prompt  # noqa: E402
from ..models.rating import Rating  # noqa: E402
