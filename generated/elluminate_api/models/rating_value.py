from ..types import OpenEnum


class RatingValue(OpenEnum):
    """Verdict on one response for one criterion."""

    NO = "NO"
    YES = "YES"
