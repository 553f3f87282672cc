from ..types import OpenEnum


class NumberPlace(OpenEnum):
    """Which number of an answer is compared; only: the answer is the number and nothing else."""

    FIRST = "first"
    LAST = "last"
    ONLY = "only"
