from ..types import OpenEnum


class Verbosity(OpenEnum):
    """Answer length hint."""

    HIGH = "high"
    LOW = "low"
    MEDIUM = "medium"
