from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class CreateCriterionSetRequest:
    """New criterion set.

    Attributes:
        criteria: null when none were given; an empty list is also sent as null.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    criteria: Annotated[list[CriterionIn], Meta(max_length=10000)] | None = None


from ..models.criterion_in import CriterionIn  # noqa: E402
