from __future__ import annotations

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset


@define(kw_only=True)
class AssistantAudio:
    """Spoken answer, OpenAI shape; inside PromptResponse.messages all four keys are needed."""

    id: str
    data: str | Unset = UNSET
    expires_at: int | Unset = UNSET
    transcript: str | Unset = UNSET
