from __future__ import annotations

from typing import Literal

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class Health:
    """State of a running server.

    Attributes:
        status: Always ok.
        version: Version of the server.
    """

    status: Literal["ok"]
    version: str

    __repr__ = one_line
