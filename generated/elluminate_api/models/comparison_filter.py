from ..types import OpenEnum


class ComparisonFilter(OpenEnum):
    """Keep samples where experiment B beats (improved) or trails (regressed) experiment A."""

    IMPROVED = "improved"
    REGRESSED = "regressed"
