from __future__ import annotations

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset


@define(kw_only=True)
class VersionCompatibleResponse:
    """Answer to the compatibility question.

    Attributes:
        required_sdk_version: Only read, and then must exist, when is_compatible is false.
    """

    is_compatible: bool
    required_sdk_version: str | Unset = UNSET
