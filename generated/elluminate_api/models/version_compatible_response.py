from __future__ import annotations

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class VersionCompatibleResponse:
    """Whether a client version is supported.

    Attributes:
        is_compatible: True when the client can be used as it is.
        required_sdk_version: Lowest version that is supported. Present whenever is_compatible is false.
    """

    is_compatible: bool
    required_sdk_version: str | Unset = UNSET

    __repr__ = one_line
