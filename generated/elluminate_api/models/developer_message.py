from __future__ import annotations

from typing import Literal

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset


@define(kw_only=True)
class DeveloperMessage:
    """Developer turn. Not accepted inside PromptResponse.messages."""

    role: Literal["developer"]
    content: str | list[ContentPart]
    name: str | Unset = UNSET


from ..models.content_part import ContentPart  # noqa: E402
