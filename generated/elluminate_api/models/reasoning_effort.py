from ..types import OpenEnum


class ReasoningEffort(OpenEnum):
    """How much a reasoning model may think before it answers."""

    HIGH = "high"
    LOW = "low"
    MEDIUM = "medium"
    MINIMAL = "minimal"
