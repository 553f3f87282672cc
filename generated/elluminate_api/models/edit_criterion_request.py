from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class EditCriterionRequest:
    """Changes to a criterion. Absent fields stay as they are.

    Attributes:
        criterion_str: New question. 1 to 100000 characters, not only blanks.
        label: New short name, at most 255 characters.
        check: New rule of a criterion that has one. Give the sentence that says it, too.
    """

    criterion_str: Annotated[str, Meta(min_length=1, max_length=100000, pattern=r"\S")] | Unset = UNSET
    label: Annotated[str, Meta(max_length=255)] | Unset = UNSET
    check: Check | Unset = UNSET

    __repr__ = one_line


from ..models.check import Check  # noqa: E402
