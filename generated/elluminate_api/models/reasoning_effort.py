from ..types import OpenEnum


class ReasoningEffort(OpenEnum):
    """Reasoning budget; the SDK rejects any other value in a response."""

    HIGH = "high"
    LOW = "low"
    MEDIUM = "medium"
    MINIMAL = "minimal"
