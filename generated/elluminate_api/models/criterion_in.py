from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class CriterionIn:
    """A criterion to create.

    Attributes:
        criterion_str: The question. May hold placeholders. 1 to 100000 characters, not only blanks.
        label: Short name, at most 255 characters. Null has the server number it.
        check: Has the server decide by rule, without a model. `criterion_str` then says what it checks,
            for people.
    """

    criterion_str: Annotated[str, Meta(min_length=1, max_length=100000, pattern=r"\S")]
    label: Annotated[str, Meta(max_length=255)] | None = None
    check: Check | Unset = UNSET

    __repr__ = one_line


from ..models.check import Check  # noqa: E402
