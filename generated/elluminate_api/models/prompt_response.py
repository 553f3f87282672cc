from __future__ import annotations

import datetime
from typing import Any

from attrs import define, field

from ..types import one_line


@define(kw_only=True, repr=False)
class PromptResponse:
    """Answer to one prompt in one epoch.

    Attributes:
        id: Id of the response.
        prompt: The prompt that was answered.
        messages: The answer, with the tool calls and turns before it, in order. Empty when the generation
            failed early.
        generation_metadata: How the answer came about. Always present; null where it is not known.
        error: Why the generation failed. Always present; null means that it did not. With an error,
            messages can hold what was there before the failure.
        epoch: Number of the run over the collection, counted from 1.
        created_at: When the response was created.
        termination_reason: Why a conversation or an agent ended. Of a conversation persona_ended (the persona had what
            it wanted, or gave up), turn_limit or failed; an agent's is free text.
        persona: Who talked with the model. Null outside multi-turn experiments.
        ratings: Verdicts so far.
        trajectory: Trajectory of an agent, in the Agent Trajectory Interchange Format. Null in lists.
        annotation: Note of a person. Empty means none.
        missing_verdicts: Verdicts that the response should have and does not have, in the order of the criteria.
            Empty while a run may still give them.
    """

    id: int
    prompt: Prompt
    messages: list[dict[str, Any]]
    generation_metadata: GenerationMetadata | None
    error: str | None
    epoch: int
    created_at: datetime.datetime
    termination_reason: str | None = None
    persona: PersonaMinimal | None = None
    ratings: list[Rating] = field(factory=list)
    trajectory: dict[str, Any] | None = None
    annotation: str = ""
    missing_verdicts: list[MissingVerdict] | None = None

    __repr__ = one_line


from ..models.generation_metadata import GenerationMetadata  # noqa: E402
from ..models.missing_verdict import MissingVerdict  # noqa: E402
from ..models.persona_minimal import PersonaMinimal  # noqa: E402
from ..models.prompt import Prompt  # noqa: E402
from ..models.rating import Rating  # noqa: E402
