from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class VersionCompatibleRequest:
    """Asks whether an SDK version is supported.

    Attributes:
        current_sdk_version: Version of the calling SDK, for example 1.5.2.
    """

    current_sdk_version: Annotated[str, Meta(min_length=1, max_length=100)]
