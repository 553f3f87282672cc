from __future__ import annotations

from typing import Literal

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class DeveloperMessage:
    """Instructions of the developer. Not part of stored responses. Further fields are kept.

    Attributes:
        role: Always developer.
        content: Text, or a list of parts.
        name: Name of the participant.
    """

    role: Literal["developer"]
    content: str | list[ContentPart]
    name: str | Unset = UNSET

    __repr__ = one_line


from ..models.content_part import ContentPart  # noqa: E402
