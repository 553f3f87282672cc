from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..models.label_value import LabelValue
from ..types import one_line


@define(kw_only=True, repr=False)
class NewLabel:
    """A label to store.

    Attributes:
        response_id: Id of the response.
        criterion_id: Id of the criterion, as the rating names it.
        value: What is right.
        reason: Why, at most 10000 characters. Absent, null and empty are no reason.
    """

    response_id: Annotated[int, Meta(ge=1, le=9007199254740991)]
    criterion_id: Annotated[int, Meta(ge=1, le=9007199254740991)]
    value: LabelValue
    reason: Annotated[str, Meta(max_length=10000)] | None | Unset = UNSET

    __repr__ = one_line
