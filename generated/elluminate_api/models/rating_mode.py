from ..types import OpenEnum


class RatingMode(OpenEnum):
    """Effort of the judge. Both modes give a reasoning; some judges make no difference."""

    DETAILED = "detailed"
    FAST = "fast"
