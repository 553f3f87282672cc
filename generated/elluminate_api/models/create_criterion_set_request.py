from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class CreateCriterionSetRequest:
    """A criterion set to create.

    Attributes:
        name: Name, unique in the project. 1 to 255 characters, not only blanks.
        criteria: First criteria, at most 10000. Null or an empty list for none.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    criteria: Annotated[list[CriterionIn], Meta(max_length=10000)] | None = None

    __repr__ = one_line


from ..models.criterion_in import CriterionIn  # noqa: E402
