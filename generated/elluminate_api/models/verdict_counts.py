from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class VerdictCounts:
    """What became of the verdicts that were to be given: one for each answer and each criterion that
    applies to it. Every one of them is counted once: expected = given + pending + missing_answer_failed
    + missing_not_judged. The criteria that apply are those that the set had when the run was asked for,
    or, for answers that are rated again later, when that was asked for; verdicts on others count
    nowhere any more. A verdict on a failed answer counts nowhere, as in the means.

    Attributes:
        expected: Number of verdicts that the answers should have.
        given: Number of verdicts there are, which the means are made of.
        pending: Number of verdicts that a run which is going on may still give.
        missing_answer_failed: Number of verdicts that are missing because there is no answer to judge.
        missing_not_judged: Number of verdicts that are missing although there is an answer.
        reasons: Why verdicts are missing, the most frequent reason first, 20 at most.
        criterion_str: The criterion, where the counts are those of one, in the words by which was judged.
        missing_for_other_reasons: Number of missing verdicts whose reason is not among the reasons, because these are too
            many.
    """

    expected: int
    given: int
    pending: int
    missing_answer_failed: int
    missing_not_judged: int
    reasons: list[MissingVerdictReason]
    criterion_str: str | None = None
    missing_for_other_reasons: int = 0

    __repr__ = one_line


from ..models.missing_verdict_reason import MissingVerdictReason  # noqa: E402
