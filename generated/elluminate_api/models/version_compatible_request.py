from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class VersionCompatibleRequest:
    """Question whether a client version is supported.

    Attributes:
        current_sdk_version: Version of the calling client, for example 1.0.0. 1 to 100 characters.
    """

    current_sdk_version: Annotated[str, Meta(min_length=1, max_length=100)]

    __repr__ = one_line
