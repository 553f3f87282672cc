from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class MeanRating:
    """Shares of the verdicts; they add up to 1.

    Attributes:
        yes: Share of YES, 0 to 1.
        no: Share of NO, 0 to 1.
    """

    yes: Annotated[float, Meta(ge=0.0, le=1.0)]
    no: Annotated[float, Meta(ge=0.0, le=1.0)]

    __repr__ = one_line
