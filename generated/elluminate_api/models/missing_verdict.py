from __future__ import annotations

from attrs import define

from ..models.missing_verdict_cause import MissingVerdictCause
from ..types import one_line


@define(kw_only=True, repr=False)
class MissingVerdict:
    """A verdict that a response should have and does not have.

    Attributes:
        criterion_id: Id of the criterion.
        cause: Whether it is the answer that is missing, or the judgement.
        reason: The reason in words, cut after 500 characters.
    """

    criterion_id: int
    cause: MissingVerdictCause
    reason: str

    __repr__ = one_line
