from ..types import OpenEnum


class RatingOrigin(OpenEnum):
    """judge: a model. check: a rule, decided by the server. program: the caller, who uploaded it."""

    CHECK = "check"
    JUDGE = "judge"
    PROGRAM = "program"
