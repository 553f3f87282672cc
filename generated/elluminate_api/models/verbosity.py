from ..types import OpenEnum


class Verbosity(OpenEnum):
    """How long answers should be."""

    HIGH = "high"
    LOW = "low"
    MEDIUM = "medium"
