from __future__ import annotations

from attrs import define

from ..models.rating_version_stability import RatingVersionStability
from ..types import one_line


@define(kw_only=True, repr=False)
class RatingVersion:
    """A judge that experiments can be rated by.

    Attributes:
        key: What an experiment's rating_version says.
        label: The judge in words, for people.
        stability: What the judge is for.
        is_default: True for the judge of experiments that name none.
    """

    key: str
    label: str
    stability: RatingVersionStability
    is_default: bool

    __repr__ = one_line
