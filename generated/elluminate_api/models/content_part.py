from __future__ import annotations

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset


@define(kw_only=True)
class ContentPart:
    """One part of a message, in the shape of the OpenAI chat API. Further fields depend on the type and
    are kept.

    Attributes:
        type: Kind of the part: text, image_url, input_audio, file or refusal.
        text: The text; present for type text.
    """

    type: str
    text: str | Unset = UNSET
