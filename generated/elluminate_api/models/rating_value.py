from ..types import OpenEnum


class RatingValue(OpenEnum):
    """Verdict for one criterion."""

    NO = "NO"
    YES = "YES"
