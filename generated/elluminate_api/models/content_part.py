from __future__ import annotations

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class ContentPart:
    """One part of a message, in the shape of the OpenAI chat API. Further fields depend on the type and
    are kept.

    Attributes:
        type: Kind of the part: text, image_url, input_audio, file or refusal.
        text: The text; present for type text.
    """

    type: str
    text: str | Unset = UNSET

    __repr__ = one_line
