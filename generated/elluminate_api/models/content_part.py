from __future__ import annotations

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset


@define(kw_only=True)
class ContentPart:
    """One part of a multi-part message content; other keys follow the OpenAI chat format.

    Attributes:
        type: text, image_url, input_audio, file or refusal.
    """

    type: str
    text: str | Unset = UNSET
