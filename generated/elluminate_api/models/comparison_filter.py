from ..types import OpenEnum


class ComparisonFilter(OpenEnum):
    """Direction of change from experiment A to experiment B."""

    IMPROVED = "improved"
    REGRESSED = "regressed"
