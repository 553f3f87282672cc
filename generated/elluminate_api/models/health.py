from __future__ import annotations

from typing import Literal

from attrs import define


@define(kw_only=True)
class Health:
    """State of a running server.

    Attributes:
        status: Always ok.
        version: Version of the server.
    """

    status: Literal["ok"]
    version: str
