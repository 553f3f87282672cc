from __future__ import annotations

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class AssistantAudio:
    """Spoken answer, in the shape of the OpenAI chat API. All four fields are present in stored responses.

    Attributes:
        id: Id of the audio.
        data: The audio, Base64.
        expires_at: When the provider forgets the audio, in seconds since 1970.
        transcript: What is said.
    """

    id: str
    data: str | Unset = UNSET
    expires_at: int | Unset = UNSET
    transcript: str | Unset = UNSET

    __repr__ = one_line
