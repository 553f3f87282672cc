from ..types import OpenEnum


class ToolCallType(OpenEnum):
    """Which of the two fields below is present."""

    CUSTOM = "custom"
    FUNCTION = "function"
