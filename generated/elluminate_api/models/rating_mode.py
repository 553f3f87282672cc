from ..types import OpenEnum


class RatingMode(OpenEnum):
    """How much effort the judge spends. Both modes yield reasoning; some rating versions ignore it."""

    DETAILED = "detailed"
    FAST = "fast"
