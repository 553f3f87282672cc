from ..types import OpenEnum


class MissingVerdictCause(OpenEnum):
    """answer_failed: there is no answer that could be judged. not_judged: there is one, and the judge gave no usable verdict on it, or was not asked."""

    ANSWER_FAILED = "answer_failed"
    NOT_JUDGED = "not_judged"
