from __future__ import annotations

from attrs import define

from ..models.missing_verdict_cause import MissingVerdictCause
from ..types import one_line


@define(kw_only=True, repr=False)
class MissingVerdictReason:
    """A reason why verdicts are missing.

    Attributes:
        cause: Whether it is the answer that is missing, or the judgement.
        reason: The reason in words, cut after 500 characters.
        count: Number of verdicts that are missing for this reason.
    """

    cause: MissingVerdictCause
    reason: str
    count: int

    __repr__ = one_line
